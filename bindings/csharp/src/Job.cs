// One streaming job of the library: making, stepping and freeing it.
using System;

namespace Sigdelta
{
    /// <summary>A signature, load, delta or patch job. Does no I/O.</summary>
    internal sealed unsafe class Job : IDisposable
    {
        private readonly JobHandle handle;

        private Job(Status status, JobHandle handle)
        {
            SigdeltaException.ThrowIfFailed(status);
            this.handle = handle;
        }

        /// <param name="basisLength">Length of the basis, or <see cref="NativeMethods.Unknown"/>.</param>
        /// <param name="options">May be null.</param>
        internal static Job Signature(ulong basisLength, SignatureOptions options)
        {
            NativeOptions native = Options.ToNative(options);
            return new Job(NativeMethods.sigdelta_signature_job(basisLength, ref native, out JobHandle handle), handle);
        }

        internal static Job Load(LoadOptions options)
        {
            NativeOptions native = Options.ToNative(options);
            return new Job(NativeMethods.sigdelta_load_job(ref native, out JobHandle handle), handle);
        }

        /// <summary>The job keeps the index alive, even if the caller disposes of it.</summary>
        internal static Job Delta(IndexHandle index, DeltaOptions options)
        {
            NativeOptions native = Options.ToNative(options);
            return new Job(NativeMethods.sigdelta_delta_job(index, ref native, out JobHandle handle), handle);
        }

        internal static Job Patch(ApplyOptions options)
        {
            NativeOptions native = Options.ToNative(options);
            return new Job(NativeMethods.sigdelta_patch_job(ref native, out JobHandle handle), handle);
        }

        /// <summary>
        /// Goes on until something is needed, the job is done or fails. A failure repeats, so that it is thrown
        /// only when there is no output left to deliver.
        /// </summary>
        internal Status Step(Buffers buffers)
        {
            fixed (byte* input = buffers.Input, output = buffers.Output)
            {
                NativeBuffers native = buffers.ToNative(input, output);
                Status status = NativeMethods.sigdelta_job_step(handle, ref native);
                buffers.Advance(ref native);
                if (buffers.Produced == 0) SigdeltaException.ThrowIfFailed(status, buffers);
                return status;
            }
        }

        /// <summary>Which bytes of the basis come next in the result.</summary>
        internal void Wanted(out long position, out long length)
        {
            SigdeltaException.ThrowIfFailed(NativeMethods.sigdelta_job_wanted(handle, out ulong start, out ulong count));
            position = checked((long)start);
            length = checked((long)count);
        }

        /// <summary>So many wanted bytes are in the output; none means that the basis ends there.</summary>
        internal void Copied(Buffers buffers, int length)
        {
            fixed (byte* input = buffers.Input, output = buffers.Output)
            {
                NativeBuffers native = buffers.ToNative(input, output);
                Status status = NativeMethods.sigdelta_job_copied(handle, ref native, (UIntPtr)(uint)length);
                SigdeltaException.ThrowIfFailed(status);
                buffers.Advance(ref native);
            }
        }

        /// <summary>The index of a load job that is done; once.</summary>
        internal IndexHandle TakeIndex()
        {
            SigdeltaException.ThrowIfFailed(NativeMethods.sigdelta_job_take_index(handle, out IndexHandle index));
            return index;
        }

        internal Statistics Statistics()
        {
            NativeStatistics native = Sigdelta.Statistics.Empty();
            SigdeltaException.ThrowIfFailed(NativeMethods.sigdelta_job_stats(handle, ref native));
            return new Statistics(native);
        }

        public void Dispose()
        {
            handle.Dispose();
        }
    }
}
