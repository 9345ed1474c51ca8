//! libsigdelta: the C API of sigdelta.
