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
        /// <param name="errno">The number of the system's error, 0 if it was not the system.</param>
        public SigdeltaException(Status status, string message, long? offset, int errno = 0) : base(message)
        {
            Status = status;
            Offset = offset;
            Errno = errno;
        }

        /// <summary>Why the operation failed.</summary>
        public Status Status { get; }

        /// <summary>The byte of the signature or delta at which it failed, or null if that is unknown.</summary>
        public long? Offset { get; }

        /// <summary>
        /// What the system said: its errno, on Windows its error code. 0 if the failure is not the system's.
        /// </summary>
        public int Errno { get; }

        /// <summary>Throws if <paramref name="status"/> is a failure.</summary>
        /// <remarks>
        /// To be called right after the failing call, on its thread: the library keeps the text per thread.
        /// </remarks>
        internal static void ThrowIfFailed(Status status)
        {
            if (status >= Status.IOError) throw Last(status, "");
        }

        /// <summary>The same for a step, whose input may be a stream that was not rewound.</summary>
        internal static void ThrowIfFailed(Status status, Buffers buffers)
        {
            if (status >= Status.IOError)
                throw Last(status, status == Status.InputEnded && buffers.InputWasEmpty ? " (is the stream at its end?)" : "");
        }

        /// <summary>
        /// Throws if <paramref name="status"/> is a failure; if a file is missing or access to it denied, the
        /// exception that .NET has for that.
        /// </summary>
        /// <param name="status">What a function on files said.</param>
        /// <param name="paths">Those of the call.</param>
        internal static void ThrowIfFailed(Status status, string[] paths)
        {
            if (status < Status.IOError) return;
            SigdeltaException exception = Last(status, "");
            if (SystemError.IsMissing(exception.Errno))
            {
                string missing = Array.Find(paths, path => exception.Message.StartsWith(path + ": ", StringComparison.Ordinal));
                throw new FileNotFoundException(exception.Message, missing, exception);
            }
            if (SystemError.IsDenied(exception.Errno)) throw new UnauthorizedAccessException(exception.Message, exception);
            throw exception;
        }

        /// <summary>The exception for the call that failed last on this thread.</summary>
        private static SigdeltaException Last(Status status, string hint)
        {
            string text = NativeText.Read(NativeMethods.sigdelta_error_text());
            if (text.Length == 0) text = NativeText.Read(NativeMethods.sigdelta_status_text(status));
            ulong offset = NativeMethods.sigdelta_error_offset();
            return new SigdeltaException(status, text + hint, offset <= long.MaxValue ? (long?)offset : null,
                NativeMethods.sigdelta_error_errno());
        }
    }
}
