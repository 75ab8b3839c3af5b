/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */

/*
 * A provider of reports for the kernel's own configfs-tsm, with no TEE behind it: for guests of
 * tests, never installed. Every request is answered by a program at /dev/tsm-stand-in, which
 * reads its 64 bytes of input and writes
 *
 *     errno (0: none) | length of the report | length of what comes with it | report | rest
 *
 * with three little-endian words of 32 bits in front. All that user space sees under
 * /sys/kernel/config/tsm, attributes, counters and errors, is the kernel's.
 *
 * With registers=1 there is RTMR3 too, where kernels since 6.16 have it: a write of 48 bytes
 * extends it, or fails with the code that the parameter extend_errno holds.
 */

#include <crypto/hash.h>
#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/tsm.h>
#include <linux/uaccess.h>

#define PATIENCE (20 * HZ)

static char *name = "tdx_guest";
module_param(name, charp, 0444);
MODULE_PARM_DESC(name, "what the provider is called");

static bool registers;
module_param(registers, bool, 0444);
MODULE_PARM_DESC(registers, "whether there is RTMR3");

static int extend_errno;
module_param(extend_errno, int, 0644);
MODULE_PARM_DESC(extend_errno, "why RTMR3 cannot be extended");

/* One request at a time: tsm.ko holds its lock around report_new. */
static DECLARE_COMPLETION(asked);
static DECLARE_COMPLETION(answered);
static struct tsm_report *current_report;
static DEFINE_MUTEX(report_lock);
static int result;

static int report_new(struct tsm_report *report, void *data)
{
	int code;

	if (report->desc.inblob_len != TSM_INBLOB_MAX)
		return -EINVAL; /* as the providers for TDX and SNP do */
	mutex_lock(&report_lock);
	current_report = report;
	reinit_completion(&answered);
	mutex_unlock(&report_lock);
	complete(&asked);
	code = wait_for_completion_timeout(&answered, PATIENCE) ? 0 : -ETIMEDOUT;
	mutex_lock(&report_lock);
	current_report = NULL;
	if (code == 0)
		code = result;
	mutex_unlock(&report_lock);
	return code;
}

static bool show_attr(int n)
{
	return n == TSM_REPORT_GENERATION || n == TSM_REPORT_PROVIDER;
}

static bool show_bin_attr(int n)
{
	return n == TSM_REPORT_INBLOB || n == TSM_REPORT_OUTBLOB || n == TSM_REPORT_AUXBLOB;
}

static struct tsm_ops ops = {
	.report_new = report_new,
	.report_attr_visible = show_attr,
	.report_bin_attr_visible = show_bin_attr,
};

static ssize_t take_request(struct file *file, char __user *to, size_t len, loff_t *at)
{
	ssize_t n = -EINVAL;

	if (wait_for_completion_interruptible(&asked))
		return -ERESTARTSYS;
	mutex_lock(&report_lock);
	if (len >= TSM_INBLOB_MAX && current_report)
		n = copy_to_user(to, current_report->desc.inblob, TSM_INBLOB_MAX) ? -EFAULT :
										    TSM_INBLOB_MAX;
	mutex_unlock(&report_lock);
	return n;
}

static int copy_blob(const char __user *from, size_t len, u8 **ret, size_t *ret_len)
{
	if (len == 0)
		return 0;
	*ret = kvzalloc(len, GFP_KERNEL);
	if (!*ret)
		return -ENOMEM;
	if (copy_from_user(*ret, from, len)) {
		kvfree(*ret);
		*ret = NULL;
		return -EFAULT;
	}
	*ret_len = len;
	return 0;
}

static int take_blobs(const char __user *from, const __le32 *head, size_t len)
{
	size_t out = le32_to_cpu(head[1]), aux = le32_to_cpu(head[2]);
	int code;

	if (!current_report || out > TSM_OUTBLOB_MAX || aux > TSM_OUTBLOB_MAX ||
	    len != 12 + out + aux)
		return -EINVAL;
	code = copy_blob(from + 12, out, &current_report->outblob, &current_report->outblob_len);
	if (code == 0)
		code = copy_blob(from + 12 + out, aux, &current_report->auxblob,
				 &current_report->auxblob_len);
	return code;
}

static ssize_t take_answer(struct file *file, const char __user *from, size_t len, loff_t *at)
{
	__le32 head[3];
	int code = 0;

	if (len < sizeof(head) || copy_from_user(head, from, sizeof(head)))
		return -EINVAL;
	mutex_lock(&report_lock);
	result = -(int)le32_to_cpu(head[0]);
	if (result == 0)
		code = take_blobs(from, head, len);
	if (code != 0)
		result = code;
	complete(&answered);
	mutex_unlock(&report_lock);
	return code ? code : (ssize_t)len;
}

static const struct file_operations FILE_OPS = {
	.owner = THIS_MODULE,
	.read = take_request,
	.write = take_answer,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tsm-stand-in",
	.fops = &FILE_OPS,
};

/* ---- RTMR3 ---------------------------------------------------------------------------------- */

#define RTMR 48

static u8 rtmr[RTMR];
static DEFINE_MUTEX(rtmr_lock);

static int extend(const u8 *data)
{
	struct crypto_shash *sha = crypto_alloc_shash("sha384", 0, 0);
	u8 both[2 * RTMR];
	int code;

	if (IS_ERR(sha))
		return PTR_ERR(sha);
	memcpy(both, rtmr, RTMR);
	memcpy(both + RTMR, data, RTMR);
	code = crypto_shash_tfm_digest(sha, both, sizeof(both), rtmr);
	crypto_free_shash(sha);
	return code;
}

static ssize_t read_rtmr(struct file *file, struct kobject *kobj, struct bin_attribute *attr,
			 char *to, loff_t at, size_t len)
{
	mutex_lock(&rtmr_lock);
	memcpy(to, rtmr + at, len);
	mutex_unlock(&rtmr_lock);
	return len;
}

static ssize_t write_rtmr(struct file *file, struct kobject *kobj, struct bin_attribute *attr,
			  char *from, loff_t at, size_t len)
{
	int code;

	if (at != 0 || len != RTMR)
		return -EINVAL; /* as tsm-mr.c does */
	mutex_lock(&rtmr_lock);
	code = extend_errno ? -extend_errno : extend(from);
	mutex_unlock(&rtmr_lock);
	return code ? code : (ssize_t)len;
}

static struct bin_attribute RTMR3 = {
	.attr = { .name = "rtmr3:sha384", .mode = 0644 },
	.size = RTMR,
	.read = read_rtmr,
	.write = write_rtmr,
};
static struct bin_attribute *REGISTERS[] = { &RTMR3, NULL };
static const struct attribute_group GROUP = { .name = "measurements", .bin_attrs = REGISTERS };
static const struct attribute_group *GROUPS[] = { &GROUP, NULL };

static const struct file_operations NO_OPS = { .owner = THIS_MODULE };

static struct miscdevice guest = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tdx_guest",
	.fops = &NO_OPS,
	.groups = GROUPS,
};

static int __init start(void)
{
	int code = misc_register(&device);

	if (code)
		return code;
	ops.name = name;
	code = tsm_register(&ops, NULL);
	if (code == 0 && registers) {
		code = misc_register(&guest);
		if (code)
			tsm_unregister(&ops);
	}
	if (code)
		misc_deregister(&device);
	return code;
}

static void __exit stop(void)
{
	if (registers)
		misc_deregister(&guest);
	tsm_unregister(&ops);
	misc_deregister(&device);
}

module_init(start);
module_exit(stop);
MODULE_DESCRIPTION("reports without a TEE, for tests");
MODULE_LICENSE("GPL");
