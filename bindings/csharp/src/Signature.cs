// Making signatures: of streams, in memory, by path.
using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace Sigdelta
{
    /// <summary>Makes signatures. A signature describes a file, the basis, block by block.</summary>
    /// <remarks>
    /// Streams stay the caller's: they are neither flushed nor disposed of. A basis that can seek is taken from
    /// its position to its end; the length of another is not known, which makes the recommended block 2048 bytes.
    /// </remarks>
    public static partial class Signature
    {
        /// <summary>Writes the signature of a basis.</summary>
        /// <exception cref="SigdeltaException">The options contradict each other.</exception>
        /// <exception cref="OperationCanceledException">The operation was cancelled.</exception>
        public static Statistics Compute(Stream basis, Stream signature, SignatureOptions options = null,
            IProgress<TransferProgress> progress = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            Require.Writable(signature, nameof(signature));
            using (JobReader reader = Reader(basis, options, progress))
                return reader.CopyTo(signature, cancellationToken);
        }

        /// <summary>Writes the signature of a basis without blocking on the streams.</summary>
        /// <exception cref="SigdeltaException">The options contradict each other.</exception>
        /// <exception cref="OperationCanceledException">The operation was cancelled.</exception>
        public static async Task<Statistics> ComputeAsync(Stream basis, Stream signature, SignatureOptions options = null,
            IProgress<TransferProgress> progress = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            Require.Writable(signature, nameof(signature));
            using (JobReader reader = Reader(basis, options, progress))
                return await reader.CopyToAsync(signature, cancellationToken).ConfigureAwait(false);
        }

        /// <summary>Gives the signature of a basis in memory.</summary>
        /// <exception cref="SigdeltaException">The options contradict each other.</exception>
        public static byte[] Compute(byte[] basis, SignatureOptions options = null)
        {
            return Compute(basis, out Statistics _, options);
        }

        /// <summary>Gives the signature of a basis in memory, and what it took.</summary>
        /// <exception cref="SigdeltaException">The options contradict each other.</exception>
        public static unsafe byte[] Compute(byte[] basis, out Statistics statistics, SignatureOptions options = null)
        {
            Require.NotNull(basis, nameof(basis));
            fixed (byte* start = basis) return MemoryCall.Signature(start, basis.Length, options, out statistics);
        }

        /// <summary>Writes the signature of a file to another, which appears complete or not at all.</summary>
        /// <exception cref="SigdeltaException">
        /// A file cannot be read or written, or the options contradict each other.
        /// </exception>
        /// <exception cref="FileNotFoundException">There is no such file or directory.</exception>
        /// <exception cref="UnauthorizedAccessException">A file may not be read or written.</exception>
        /// <exception cref="OperationCanceledException">The operation was cancelled.</exception>
        public static Statistics Compute(string basisPath, string signaturePath, SignatureOptions options = null,
            IProgress<TransferProgress> progress = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            byte[] basis = NativeText.Path(basisPath, nameof(basisPath));
            byte[] signature = NativeText.Path(signaturePath, nameof(signaturePath));
            return PathCall.Run(Options.ToNative(options), progress, cancellationToken,
                new[] { basisPath, signaturePath },
                (ref NativeOptions native, ref NativeStatistics statistics) =>
                    NativeMethods.sigdelta_signature_file(basis, signature, ref native, ref statistics));
        }

        /// <summary>Gives the signature of a basis as a stream that reads the basis while it is read.</summary>
        public static Stream OpenRead(Stream basis, SignatureOptions options = null)
        {
            return new JobStream(Reader(basis, options, null));
        }

        /// <summary>The parameters that the signature of a basis gets under these options.</summary>
        /// <param name="basisLength">Length of the basis in bytes, or null if it is not known.</param>
        /// <param name="options">May be null.</param>
        /// <exception cref="SigdeltaException">The options contradict each other.</exception>
        public static SignatureParameters Parameters(long? basisLength, SignatureOptions options = null)
        {
            NativeOptions native = Options.ToNative(options);
            ulong length = basisLength == null
                ? NativeMethods.Unknown
                : (ulong)Options.NotNegative(basisLength.Value, nameof(basisLength));
            SigdeltaException.ThrowIfFailed(NativeMethods.sigdelta_signature_params(length, ref native,
                out uint kind, out uint blockLength, out uint strongLength));
            return new SignatureParameters(kind, blockLength, strongLength);
        }

        private static JobReader Reader(Stream basis, SignatureOptions options, IProgress<TransferProgress> progress)
        {
            Require.Readable(basis, nameof(basis));
            long? length = Require.Remaining(basis);
            Job job = Job.Signature(length == null ? NativeMethods.Unknown : (ulong)length.Value, options);
            return new JobReader(job, basis, null, TransferPhase.Signature, progress);
        }
    }
}
