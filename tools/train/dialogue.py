# SPDX-License-Identifier: Apache-2.0
"""Conversations and short tales made from templates (see facts.py)."""

from facts import QA, SYSTEMS, TOPICS

STOP = set("""the one two same other first last next others rest whole way thing things
matter fact end time times side place part moment most more best day word words case
very great little old new long only kind sort idea name question reason subject""".split())


def render(turns):
    """A conversation in the chat format of the model."""
    return "".join(f"<|{role}|>\n{text}<|end|>\n" for role, text in turns)


# Conversations ---------------------------------------------------------------

ASK = ["What is {}?", "Tell me about {}.", "Tell me something about {}.", "Describe {}.",
       "What do you know about {}?", "Explain {}.", "Explain {} in simple words.",
       "Write a few sentences about {}.", "Can you tell me about {}?", "tell me about {}",
       "Please tell me about {}.", "what is {}", "Write about {}.", "Say something about {}.",
       "Could you explain what {} is?"]
SHORT = ["What is {}?", "In one sentence, what is {}?", "Explain {} briefly.",
         "Tell me about {} in one sentence."]


def fact_turn(rng):
    topic = rng.choice(list(TOPICS))
    first, *more = TOPICS[topic]
    if rng.random() < 0.15:
        return rng.choice(SHORT).format(topic), first
    rng.shuffle(more)
    answer = " ".join([first] + more[:rng.randint(2, len(more))])
    return rng.choice(ASK).format(topic), answer


def qa_turn(rng):
    questions, answers = rng.choice(QA)
    return rng.choice(questions), rng.choice(answers)


TELL = ["Tell me a story.", "Tell me a story, please.", "Tell me a short story.",
        "Write a story.", "Can you tell me a story?"]
TELL_OF = ["Tell me a story about {}.", "Write a story about {}.", "Tell me about {}.",
           "I would like a story about {}.", "Write a short story about {}."]


def story_turn(rng):
    subject, text = story(rng)
    if rng.random() < 0.3:
        return rng.choice(TELL), text
    return rng.choice(TELL_OF).format(subject), text


def chats(rng, count):
    """Conversations of one to three turns, some with a system line."""
    for _ in range(count):
        turns = []
        if rng.random() < 0.25:
            turns.append(("system", rng.choice(SYSTEMS)))
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            kind = rng.random()
            turn = fact_turn if kind < 0.5 else qa_turn if kind < 0.8 else story_turn
            question, answer = turn(rng)
            turns += [("user", question), ("assistant", answer)]
        yield render(turns)


# Tales -----------------------------------------------------------------------

WHO = {"fox": "red", "mouse": "gray", "rabbit": "white", "bear": "brown", "owl": "old",
       "cat": "black", "dog": "brave", "hare": "quick", "goose": "proud", "crow": "clever",
       "hedgehog": "shy", "frog": "green", "donkey": "patient", "sparrow": "tiny",
       "wolf": "lean", "squirrel": "busy", "badger": "grumpy", "turtle": "slow",
       "girl": "young", "boy": "young", "miller": "poor", "sailor": "brave",
       "shepherd": "young", "baker": "kind", "king": "old", "queen": "wise"}
GENDER = {"girl": "she", "queen": "she", "hare": "she", "goose": "she", "cat": "she",
          "mouse": "she", "squirrel": "she", "owl": "she"}
PLACES = ["in a deep forest", "beside a quiet river", "at the foot of a high mountain",
          "on a small island", "at the edge of the sea", "in a green valley",
          "near an old mill", "behind a stone wall", "in a little village",
          "in a house with a red roof"]
LOST = ["a silver key", "a golden ring", "a small bell", "an old map", "a blue stone",
        "a warm coat", "a wooden flute", "a lantern", "a letter", "a red hat"]
WANT = ["to see the sea", "to find the end of the river", "to learn to sing",
        "to know what the stars were", "to climb the highest hill", "to build a boat",
        "to find a friend", "to see the snow", "to grow an apple tree", "to learn to read"]
DAYS = ["One morning", "One evening", "One day", "One cold day in winter",
        "One fine day in spring", "On a rainy afternoon", "One summer night"]
FOUND = ["under a stone", "in the hollow of a tree", "beside the well", "under the bridge",
         "in the tall grass", "behind the door", "at the bottom of the pond"]
WEATHER = ["The wind blew hard and the rain came down.", "The sun was warm and the sky was blue.",
           "The snow lay deep on the ground.", "The moon shone on the water.",
           "A thick fog lay over the fields.", "The stars were bright that night."]
MORALS = ["a small friend can be a great help", "it is better to ask than to wander alone",
          "kindness comes back to those who give it", "patience opens every door",
          "what is shared is never lost", "an honest word is worth more than gold",
          "the longest road begins with one step", "it is never too late to try again"]


def person(rng, not_=None):
    who = rng.choice([w for w in WHO if w != not_])
    sub = GENDER.get(who, "he")
    return who, sub, {"he": "his", "she": "her"}[sub], {"he": "him", "she": "her"}[sub]


def cap(s):
    return s[0].upper() + s[1:]


def a(noun):
    return ("an " if noun[0] in "aeiou" else "a ") + noun


def story(rng):
    """One tale: its subject ("a fox") and its text."""
    a1, he, his, him = person(rng)
    b1, bhe, bhis, bhim = person(rng, a1)
    adj, place, day = WHO[a1], rng.choice(PLACES), rng.choice(DAYS)
    start = rng.choice([
        f"Once upon a time there was {a(adj)} {a1} who lived {place}.",
        f"Long ago {a(adj)} {a1} lived {place}.",
        f"There was once {a(adj)} {a1} who lived all alone {place}."])
    plot = rng.randrange(5)
    if plot == 0:
        thing = rng.choice(LOST)
        bare = thing.split(" ", 1)[1]
        body = [
            f"{cap(he)} had {thing}, and {he} loved it more than anything in the world.",
            f"{day} the {bare} was gone. The {a1} looked everywhere, but {he} could not find it.",
            f'"Why are you so sad?" asked {a(WHO[b1])} {b1} who was passing by.',
            f'"I have lost my {bare}," said the {a1}.',
            f'"Then I will help you to look for it," said the {b1}.',
            rng.choice(WEATHER) + f" They looked for a long time, and at last they found it {rng.choice(FOUND)}.",
            f"The {a1} was so happy that {he} danced, and from that day on the two were friends."]
    elif plot == 1:
        want = rng.choice(WANT)
        body = [
            f"{cap(he)} wanted nothing so much as {want}.",
            f'"That is foolish," said the others, but the {a1} did not listen.',
            f"{day} {he} put some bread in a bag and set out along the road.",
            rng.choice(WEATHER),
            f"On the way {he} met {a(WHO[b1])} {b1}. \"Where are you going?\" asked the {b1}.",
            f'"I am going {want}," said the {a1}. "Will you come with me?"',
            "So they went on together, over the hills and through the woods, until they had found what they were looking for.",
            "And when they came home again, everyone wanted to hear about it."]
    elif plot == 2:
        body = [
            f"{day} {he} heard a cry for help. {rng.choice(WEATHER)}",
            f"{a(WHO[b1]).capitalize()} {b1} had fallen into the river and could not get out.",
            f'"Hold on!" cried the {a1}, and {he} ran and held out a long branch.',
            f"The {b1} took hold of it, and the {a1} pulled with all {his} might until the {b1} was safe on the bank.",
            f'"Thank you," said the {b1}. "I will not forget it."',
            f"The next winter the {a1} had nothing to eat. Then there was a knock at the door, and there stood the {b1} with a basket full of food."]
    elif plot == 3:
        body = [
            f"Every day {he} said, \"I am the cleverest of all.\"",
            f"{day} {a(WHO[b1])} {b1} came by and said, \"If you are so clever, tell me how many stars there are.\"",
            f"The {a1} began to count. {cap(he)} counted all night long, but when the sun came up {he} was not even half done.",
            f'"I do not know," said the {a1} at last.',
            f'"Now you are a little wiser than before," said the {b1} with a smile.',
            f"After that the {a1} did not boast any more, and the two often sat together and looked at the stars."]
    else:
        thing = rng.choice(LOST)
        bare = thing.split(" ", 1)[1]
        body = [
            f"{day} {he} found {thing} {rng.choice(FOUND)}.",
            f'"Whose can it be?" thought the {a1}, and {he} went from door to door to ask.',
            f'First {he} asked the neighbors, but they only shook their heads. {rng.choice(WEATHER)}',
            f"At the last house there lived {a(WHO[b1])} {b1}. \"That is mine!\" cried the {b1}. \"I lost it long ago.\"",
            f"The {a1} gave the {bare} back, and the {b1} was so glad that {bhe} asked {him} to stay for supper.",
            "They sat by the fire and talked until it was late."]
    text = " ".join([start] + body)
    if rng.random() < 0.5:
        text += f" And so the {a1} learned that {rng.choice(MORALS)}."
    subject = rng.choice([a(a1), f"{a(a1)} and {a(b1)}", f"{a(adj)} {a1}"])
    return subject, text


def stories(rng, count):
    for _ in range(count):
        yield story(rng)[1]
