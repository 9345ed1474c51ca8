// Making deltas: of streams, in memory, by path.
using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace Sigdelta
{
    /// <summary>
    /// Makes and applies deltas. A delta against a signature holds what is new in a file; applied to the basis
    /// of the signature it gives the file.
    /// </summary>
    /// <remarks>Streams stay the caller's: they are neither flushed nor disposed of.</remarks>
    public static partial class Delta
    {
        /// <summary>Writes the delta of a new file against a loaded signature.</summary>
        /// <exception cref="OperationCanceledException">The operation was cancelled.</exception>
        public static Statistics Compute(SignatureIndex signature, Stream newFile, Stream delta, DeltaOptions options = null,
            IProgress<TransferProgress> progress = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            Require.Writable(delta, nameof(delta));
            using (JobReader reader = Reader(signature, newFile, options, progress))
                return reader.CopyTo(delta, cancellationToken);
        }

        /// <summary>
        /// Writes the delta of a new file against a loaded signature without blocking on the streams.
        /// </summary>
        /// <exception cref="OperationCanceledException">The operation was cancelled.</exception>
        public static async Task<Statistics> ComputeAsync(SignatureIndex signature, Stream newFile, Stream delta,
            DeltaOptions options = null, IProgress<TransferProgress> progress = null,
            CancellationToken cancellationToken = default(CancellationToken))
        {
            Require.Writable(delta, nameof(delta));
            using (JobReader reader = Reader(signature, newFile, options, progress))
                return await reader.CopyToAsync(delta, cancellationToken).ConfigureAwait(false);
        }

        /// <summary>Writes the delta of a new file against a signature, which is read to its end first.</summary>
        /// <exception cref="SigdeltaException">The signature is not good, or a limit was reached.</exception>
        /// <exception cref="OperationCanceledException">The operation was cancelled.</exception>
        public static Statistics Compute(Stream signature, Stream newFile, Stream delta, DeltaOptions options = null,
            IProgress<TransferProgress> progress = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            using (SignatureIndex index = SignatureIndex.Load(signature, options, progress, cancellationToken))
                return Compute(index, newFile, delta, options, progress, cancellationToken);
        }

        /// <summary>Writes the delta of a new file against a signature without blocking on the streams.</summary>
        /// <exception cref="SigdeltaException">The signature is not good, or a limit was reached.</exception>
        /// <exception cref="OperationCanceledException">The operation was cancelled.</exception>
        public static async Task<Statistics> ComputeAsync(Stream signature, Stream newFile, Stream delta,
            DeltaOptions options = null, IProgress<TransferProgress> progress = null,
            CancellationToken cancellationToken = default(CancellationToken))
        {
            using (SignatureIndex index = await SignatureIndex.LoadAsync(signature, options, progress, cancellationToken)
                .ConfigureAwait(false))
                return await ComputeAsync(index, newFile, delta, options, progress, cancellationToken).ConfigureAwait(false);
        }

        /// <summary>Gives the delta of a new file against a signature, all in memory.</summary>
        /// <exception cref="SigdeltaException">The signature is not good, or a limit was reached.</exception>
        public static byte[] Compute(byte[] signature, byte[] newFile, DeltaOptions options = null)
        {
            return Compute(signature, newFile, out Statistics _, options);
        }

        /// <summary>Gives the delta of a new file against a signature, all in memory, and what it took.</summary>
        /// <exception cref="SigdeltaException">The signature is not good, or a limit was reached.</exception>
        public static unsafe byte[] Compute(byte[] signature, byte[] newFile, out Statistics statistics,
            DeltaOptions options = null)
        {
            Require.NotNull(signature, nameof(signature));
            Require.NotNull(newFile, nameof(newFile));
            fixed (byte* signatureStart = signature, newStart = newFile)
                return MemoryCall.Delta(signatureStart, signature.Length, newStart, newFile.Length, options, out statistics);
        }

        /// <summary>Gives the delta of a new file in memory against a loaded signature.</summary>
        /// <exception cref="SigdeltaException">A limit was reached.</exception>
        public static byte[] Compute(SignatureIndex signature, byte[] newFile, DeltaOptions options = null)
        {
            return Compute(signature, newFile, out Statistics _, options);
        }

        /// <summary>Gives the delta of a new file in memory against a loaded signature, and what it took.</summary>
        /// <exception cref="SigdeltaException">A limit was reached.</exception>
        public static unsafe byte[] Compute(SignatureIndex signature, byte[] newFile, out Statistics statistics,
            DeltaOptions options = null)
        {
            Require.NotNull(signature, nameof(signature));
            Require.NotNull(newFile, nameof(newFile));
            fixed (byte* start = newFile)
                return MemoryCall.Delta(signature.Handle, start, newFile.Length, options, out statistics);
        }

        /// <summary>
        /// Writes the delta of a file against a loaded signature to a file, which appears complete or not at all.
        /// </summary>
        /// <exception cref="SigdeltaException">A file cannot be read or written, or a limit was reached.</exception>
        /// <exception cref="FileNotFoundException">There is no such file or directory.</exception>
        /// <exception cref="UnauthorizedAccessException">A file may not be read or written.</exception>
        /// <exception cref="OperationCanceledException">The operation was cancelled.</exception>
        public static Statistics Compute(SignatureIndex signature, string newPath, string deltaPath,
            DeltaOptions options = null, IProgress<TransferProgress> progress = null,
            CancellationToken cancellationToken = default(CancellationToken))
        {
            Require.NotNull(signature, nameof(signature));
            byte[] newFile = NativeText.Path(newPath, nameof(newPath));
            byte[] delta = NativeText.Path(deltaPath, nameof(deltaPath));
            return PathCall.Run(Options.ToNative(options), progress, cancellationToken, new[] { newPath, deltaPath },
                (ref NativeOptions native, ref NativeStatistics statistics) =>
                    NativeMethods.sigdelta_index_delta_file(signature.Handle, newFile, delta, ref native, ref statistics));
        }

        /// <summary>
        /// Writes the delta of a file against a signature to a file, which appears complete or not at all.
        /// </summary>
        /// <exception cref="SigdeltaException">
        /// A file cannot be read or written, the signature is not good, or a limit was reached.
        /// </exception>
        /// <exception cref="FileNotFoundException">There is no such file or directory.</exception>
        /// <exception cref="UnauthorizedAccessException">A file may not be read or written.</exception>
        /// <exception cref="OperationCanceledException">The operation was cancelled.</exception>
        public static Statistics Compute(string signaturePath, string newPath, string deltaPath, DeltaOptions options = null,
            IProgress<TransferProgress> progress = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            byte[] signature = NativeText.Path(signaturePath, nameof(signaturePath));
            byte[] newFile = NativeText.Path(newPath, nameof(newPath));
            byte[] delta = NativeText.Path(deltaPath, nameof(deltaPath));
            return PathCall.Run(Options.ToNative(options), progress, cancellationToken,
                new[] { signaturePath, newPath, deltaPath },
                (ref NativeOptions native, ref NativeStatistics statistics) =>
                    NativeMethods.sigdelta_delta_file(signature, newFile, delta, ref native, ref statistics));
        }

        /// <summary>Gives the delta from one file to another, both in memory, in one step.</summary>
        /// <exception cref="SigdeltaException">The options contradict each other, or a limit was reached.</exception>
        public static byte[] Diff(byte[] basis, byte[] newFile, SignatureOptions signatureOptions = null,
            DeltaOptions deltaOptions = null)
        {
            return Diff(basis, newFile, out Statistics _, signatureOptions, deltaOptions);
        }

        /// <summary>Gives the delta from one file to another, both in memory, in one step, and what it took.</summary>
        /// <exception cref="SigdeltaException">The options contradict each other, or a limit was reached.</exception>
        public static unsafe byte[] Diff(byte[] basis, byte[] newFile, out Statistics statistics,
            SignatureOptions signatureOptions = null, DeltaOptions deltaOptions = null)
        {
            Require.NotNull(basis, nameof(basis));
            Require.NotNull(newFile, nameof(newFile));
            fixed (byte* basisStart = basis, newStart = newFile)
                return MemoryCall.Diff(basisStart, basis.Length, newStart, newFile.Length, signatureOptions, deltaOptions,
                    out statistics);
        }

        /// <summary>
        /// Writes the delta from one file to another to a third, which appears complete or not at all.
        /// </summary>
        /// <exception cref="SigdeltaException">
        /// A file cannot be read or written, the options contradict each other, or a limit was reached.
        /// </exception>
        /// <exception cref="FileNotFoundException">There is no such file or directory.</exception>
        /// <exception cref="UnauthorizedAccessException">A file may not be read or written.</exception>
        /// <exception cref="OperationCanceledException">The operation was cancelled.</exception>
        public static Statistics Diff(string basisPath, string newPath, string deltaPath,
            SignatureOptions signatureOptions = null, DeltaOptions deltaOptions = null,
            IProgress<TransferProgress> progress = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            byte[] basis = NativeText.Path(basisPath, nameof(basisPath));
            byte[] newFile = NativeText.Path(newPath, nameof(newPath));
            byte[] delta = NativeText.Path(deltaPath, nameof(deltaPath));
            return PathCall.Run(Options.ToNative(signatureOptions, deltaOptions), progress, cancellationToken,
                new[] { basisPath, newPath, deltaPath },
                (ref NativeOptions native, ref NativeStatistics statistics) =>
                    NativeMethods.sigdelta_diff_file(basis, newFile, delta, ref native, ref statistics));
        }

        /// <summary>Gives the delta of a new file as a stream that reads the new file while it is read.</summary>
        public static Stream OpenRead(SignatureIndex signature, Stream newFile, DeltaOptions options = null)
        {
            return new JobStream(Reader(signature, newFile, options, null));
        }

        private static JobReader Reader(SignatureIndex signature, Stream newFile, DeltaOptions options,
            IProgress<TransferProgress> progress)
        {
            Require.NotNull(signature, nameof(signature));
            Require.Readable(newFile, nameof(newFile));
            return new JobReader(Job.Delta(signature.Handle, options), newFile, null, TransferPhase.Delta, progress);
        }
    }
}
