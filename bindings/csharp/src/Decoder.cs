// The library's decoder of deltas.
using System;

namespace Sigdelta
{
    /// <summary>Takes a delta apart, command by command. Does no I/O.</summary>
    internal sealed unsafe class Decoder : IDisposable
    {
        /// <summary>The kind of command that means that the delta is complete.</summary>
        internal const uint Done = 0;

        private readonly DecoderHandle handle;

        internal Decoder(ApplyOptions options)
        {
            NativeOptions native = Options.ToNative(options);
            SigdeltaException.ThrowIfFailed(NativeMethods.sigdelta_decoder_new(ref native, out handle));
        }

        /// <summary>Gives the next command, or false if it needs more input for it.</summary>
        internal bool Next(Buffers buffers, out NativeCommand command)
        {
            fixed (byte* input = buffers.Input)
            {
                NativeBuffers native = buffers.ToNative(input, null);
                Status status = NativeMethods.sigdelta_decoder_next(handle, ref native, out command);
                SigdeltaException.ThrowIfFailed(status, buffers);
                buffers.Advance(ref native);
                return status == Status.Ok;
            }
        }

        public void Dispose()
        {
            handle.Dispose();
        }
    }
}
