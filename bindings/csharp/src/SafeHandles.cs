// Owners of the library's objects: each is freed exactly once, and never during a call. The marshaller makes them.
using System;
using System.Runtime.InteropServices;

namespace Sigdelta
{
    internal abstract class NativeHandle : SafeHandle
    {
        protected NativeHandle() : base(IntPtr.Zero, true) { }

        public override bool IsInvalid { get { return handle == IntPtr.Zero; } }
    }

    internal sealed class JobHandle : NativeHandle
    {
        public JobHandle() { }

        protected override bool ReleaseHandle()
        {
            NativeMethods.sigdelta_job_free(handle);
            return true;
        }
    }

    internal sealed class IndexHandle : NativeHandle
    {
        public IndexHandle() { }

        protected override bool ReleaseHandle()
        {
            NativeMethods.sigdelta_index_free(handle);
            return true;
        }
    }

    internal sealed class DecoderHandle : NativeHandle
    {
        public DecoderHandle() { }

        protected override bool ReleaseHandle()
        {
            NativeMethods.sigdelta_decoder_free(handle);
            return true;
        }
    }
}
