// The exception of this assembly, made from what the library says about its last failed call.
using System;
using System.IO;

namespace Sigdelta
{
    /// <summary>A failure that the library reported.</summary>
    public sealed class SigdeltaException : IOException
    {
        /// <summary>Makes an exception.</summary>
        /// <param name="status">Why the operation failed.</param>
        /// <param name="message">One line for people.</param>
        /// <param name="offset">The byte where it failed, or null if that is unknown.</param>
        public SigdeltaException(Status status, string message, long? offset) : base(message)
        {
            Status = status;
            Offset = offset;
        }

        /// <summary>Why the operation failed.</summary>
        public Status Status { get; }

        /// <summary>The byte of the signature or delta at which it failed, or null if that is unknown.</summary>
        public long? Offset { get; }

        /// <summary>Throws if <paramref name="status"/> is a failure.</summary>
        /// <remarks>
        /// To be called right after the failing call, on its thread: the library keeps the text per thread.
        /// </remarks>
        internal static void ThrowIfFailed(Status status)
        {
            if (status >= Status.IOError) throw Last(status);
        }

        /// <summary>The exception for the call that failed last on this thread.</summary>
        internal static SigdeltaException Last(Status status)
        {
            string text = NativeText.Read(NativeMethods.sigdelta_error_text());
            if (text.Length == 0) text = NativeText.Read(NativeMethods.sigdelta_status_text(status));
            ulong offset = NativeMethods.sigdelta_error_offset();
            return new SigdeltaException(status, text, offset <= long.MaxValue ? (long?)offset : null);
        }
    }
}
