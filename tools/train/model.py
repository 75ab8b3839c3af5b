# SPDX-License-Identifier: Apache-2.0
"""A llama-architecture language model, as small as it gets."""

import dataclasses

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclasses.dataclass
class Config:
    vocab: int = 2560
    dim: int = 256
    layers: int = 5
    heads: int = 4
    kv_heads: int = 2
    ff: int = 512
    ctx: int = 1024
    rope_base: float = 10000.0
    eps: float = 1e-5

    @property
    def head_dim(self):
        return self.dim // self.heads


def rope_table(cfg, length):
    freq = cfg.rope_base ** (-torch.arange(0, cfg.head_dim, 2).float() / cfg.head_dim)
    angle = torch.outer(torch.arange(length).float(), freq)
    return angle.cos(), angle.sin()


def rope(x, cos, sin):
    """Rotate neighbouring pairs (0,1), (2,3), ... of each head.

    This is the order of the first llama code and of llama.cpp's "llama"
    architecture, so that export.py need not permute the rows of wq and wk.
    """
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2)


class Layer(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        hd = cfg.head_dim
        self.attn_norm = nn.RMSNorm(cfg.dim, eps=cfg.eps)
        self.wq = nn.Linear(cfg.dim, cfg.heads * hd, bias=False)
        self.wk = nn.Linear(cfg.dim, cfg.kv_heads * hd, bias=False)
        self.wv = nn.Linear(cfg.dim, cfg.kv_heads * hd, bias=False)
        self.wo = nn.Linear(cfg.heads * hd, cfg.dim, bias=False)
        self.ffn_norm = nn.RMSNorm(cfg.dim, eps=cfg.eps)
        self.gate = nn.Linear(cfg.dim, cfg.ff, bias=False)
        self.up = nn.Linear(cfg.dim, cfg.ff, bias=False)
        self.down = nn.Linear(cfg.ff, cfg.dim, bias=False)

    def forward(self, x, cos, sin):
        cfg, (b, t, _) = self.cfg, x.shape
        h = self.attn_norm(x)
        q = self.wq(h).view(b, t, cfg.heads, -1).transpose(1, 2)
        k = self.wk(h).view(b, t, cfg.kv_heads, -1).transpose(1, 2)
        v = self.wv(h).view(b, t, cfg.kv_heads, -1).transpose(1, 2)
        group = cfg.heads // cfg.kv_heads
        q, k = rope(q, cos, sin), rope(k, cos, sin)
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.wo(y.transpose(1, 2).reshape(b, t, -1))
        h = self.ffn_norm(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Model(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        self.embed = nn.Embedding(cfg.vocab, cfg.dim)
        self.layers = nn.ModuleList(Layer(cfg) for _ in range(cfg.layers))
        self.norm = nn.RMSNorm(cfg.dim, eps=cfg.eps)
        cos, sin = rope_table(cfg, cfg.ctx)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=0.02)
            if name.endswith(("wo.weight", "down.weight")):
                nn.init.normal_(p, std=0.02 / (2 * cfg.layers) ** 0.5)

    def forward(self, ids):
        t = ids.shape[1]
        x = self.embed(ids)
        for layer in self.layers:
            x = layer(x, self.cos[:t], self.sin[:t])
        return F.linear(self.norm(x), self.embed.weight)   # tied embeddings

    def parameters_count(self):
        return sum(p.numel() for p in self.parameters())
