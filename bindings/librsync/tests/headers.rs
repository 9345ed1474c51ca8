//! The headers compile without a warning in every dialect, as often as they are included.
#![cfg(target_os = "linux")]
#![allow(missing_docs)]

#[path = "../../test-support/mod.rs"]
mod support;

use support::{compile_in_every_dialect, include};

#[test]
fn alone_and_twice() {
    compile_in_every_dialect("twice", "#include <librsync.h>\n#include <librsync.h>\n", &[]);
    let export = "#include <librsync_export.h>\n#include <librsync_export.h>\nextern int x;\n";
    compile_in_every_dialect("export", export, &[]);
}

#[test]
fn used_as_clients_do() {
    let text = r#"
        #include <librsync.h>
        #include <librsync_export.h>

        LIBRSYNC_EXPORT rs_result read_more(rs_job_t *job, rs_buffers_t *buf, void *opaque);
        rs_result read_more(rs_job_t *job, rs_buffers_t *buf, void *opaque) {
            (void)job;
            (void)opaque;
            buf->eof_in = 1;
            return RS_DONE;
        }

        static void log_message(rs_loglevel level, const char *message) {
            (void)level;
            (void)message;
        }

        int main(void) {
            rs_copy_cb *copy = rs_file_copy_cb;
            rs_driven_cb *driven = read_more;
            rs_trace_fn_t *trace = log_message;
            enum rs_result result;
            struct rs_stats stats;
            struct rs_buffers_s buffers;
            rs_signature_t *sums = NULL;
            rs_job_t *job = rs_loadsig_begin(&sums);
            rs_strong_sum_t sum;

            rs_trace_to(trace);
            rs_trace_to(NULL);
            sum[RS_MAX_STRONG_SUM_LENGTH - 1] = (rs_byte_t)rs_librsync_version[0];
            stats.block_len = RS_DEFAULT_BLOCK_LEN + RS_DEFAULT_MIN_STRONG_LEN + sum[31];
            rs_inbuflen = rs_outbuflen = RS_MD4_SUM_LENGTH + RS_BLAKE2_SUM_LENGTH;
            result = rs_job_drive(job, &buffers, driven, NULL, NULL, NULL);
            rs_job_free(job);
            rs_free_sumset(sums);
            job = rs_patch_begin(copy, stdin);
            rs_job_free(job);
            return result == RS_DONE && stats.block_len ? RS_SYNTAX_ERROR : RS_DONE;
        }
    "#;
    compile_in_every_dialect("used", text, &[]);
    compile_in_every_dialect("static", text, &["-DLIBRSYNC_STATIC_DEFINE"]);
}

#[test]
fn file_functions_can_be_hidden() {
    // The names are free for something else then.
    let text = "
        #include <librsync.h>
        int main(void) {
            rs_job_t *job = rs_sig_begin(0, 0, RS_MD4_SIG_MAGIC);
            return rs_job_free(job);
        }
        #ifdef RSYNC_NO_STDIO_INTERFACE
        typedef int rs_file_open, rs_file_close, rs_file_size, rs_file_copy_cb, rs_inbuflen,
            rs_outbuflen, rs_sig_file, rs_loadsig_file, rs_delta_file, rs_patch_file;
        #endif
    ";
    compile_in_every_dialect("files", text, &[]);
    compile_in_every_dialect("no-files", text, &["-DRSYNC_NO_STDIO_INTERFACE"]);
}

/// Clients take these macros for signs of another librsync, or define them.
#[test]
fn nothing_defines_what_must_stay_undefined() {
    let text = "
        #include <librsync.h>
        #if defined(RS_DEFAULT_STRONG_LEN) || defined(RS_JOB_BLOCKSIZE)
        #error defined
        #endif
        #define RS_JOB_BLOCKSIZE 65536
    ";
    compile_in_every_dialect("undefined", text, &[]);
}

#[test]
fn both_headers_are_there() {
    for name in ["librsync.h", "librsync_export.h"] {
        assert!(include().join(name).is_file(), "{name}");
    }
}
