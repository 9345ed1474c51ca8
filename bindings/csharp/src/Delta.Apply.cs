// Applying deltas: to streams, in memory, by path.
using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace Sigdelta
{
    public static partial class Delta
    {
        /// <summary>Writes the result of a delta.</summary>
        /// <param name="basis">
        /// Read at any position, counted from its start. A stream that cannot seek will do for a delta that copies forwards only.
        /// </param>
        /// <param name="delta">The delta.</param>
        /// <param name="result">
        /// Gets the result. A wrong basis may be found only at the end: what was written by then is of no use.
        /// </param>
        /// <param name="options">May be null.</param>
        /// <param name="progress">May be null.</param>
        /// <param name="cancellationToken">Looked at between steps.</param>
        /// <exception cref="SigdeltaException">
        /// The delta is not good, is not for this basis, or a limit was reached.
        /// </exception>
        /// <exception cref="NotSupportedException">The basis cannot seek and the delta goes back in it.</exception>
        /// <exception cref="OperationCanceledException">The operation was cancelled.</exception>
        public static Statistics Apply(Stream basis, Stream delta, Stream result, ApplyOptions options = null,
            IProgress<TransferProgress> progress = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            Require.Writable(result, nameof(result));
            using (JobReader reader = ApplyReader(basis, delta, options, progress))
                return reader.CopyTo(result, cancellationToken);
        }

        /// <summary>Writes the result of a delta without blocking on the streams.</summary>
        /// <inheritdoc cref="Apply(Stream, Stream, Stream, ApplyOptions, IProgress{TransferProgress}, CancellationToken)"/>
        public static async Task<Statistics> ApplyAsync(Stream basis, Stream delta, Stream result, ApplyOptions options = null,
            IProgress<TransferProgress> progress = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            Require.Writable(result, nameof(result));
            using (JobReader reader = ApplyReader(basis, delta, options, progress))
                return await reader.CopyToAsync(result, cancellationToken).ConfigureAwait(false);
        }

        /// <summary>Gives the result of a delta, all in memory.</summary>
        /// <exception cref="SigdeltaException">
        /// The delta is not good, is not for this basis, or a limit was reached.
        /// </exception>
        public static byte[] Apply(byte[] basis, byte[] delta, ApplyOptions options = null)
        {
            return Apply(basis, delta, out Statistics _, options);
        }

        /// <summary>Gives the result of a delta, all in memory, and what it took and whether it is verified.</summary>
        /// <exception cref="SigdeltaException">
        /// The delta is not good, is not for this basis, or a limit was reached.
        /// </exception>
        public static unsafe byte[] Apply(byte[] basis, byte[] delta, out Statistics statistics, ApplyOptions options = null)
        {
            Require.NotNull(basis, nameof(basis));
            Require.NotNull(delta, nameof(delta));
            fixed (byte* basisStart = basis, deltaStart = delta)
                return MemoryCall.Patch(basisStart, basis.Length, deltaStart, delta.Length, options, out statistics);
        }

        /// <summary>
        /// Writes the result of a delta to a file, which appears complete and verified or not at all.
        /// </summary>
        /// <exception cref="SigdeltaException">
        /// A file cannot be read or written, the delta is not good, is not for this basis, or a limit was reached.
        /// </exception>
        /// <exception cref="FileNotFoundException">There is no such file or directory.</exception>
        /// <exception cref="UnauthorizedAccessException">A file may not be read or written.</exception>
        /// <exception cref="OperationCanceledException">The operation was cancelled.</exception>
        public static Statistics Apply(string basisPath, string deltaPath, string resultPath, ApplyOptions options = null,
            IProgress<TransferProgress> progress = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            byte[] basis = NativeText.Path(basisPath, nameof(basisPath));
            byte[] delta = NativeText.Path(deltaPath, nameof(deltaPath));
            byte[] result = NativeText.Path(resultPath, nameof(resultPath));
            return PathCall.Run(Options.ToNative(options), progress, cancellationToken,
                new[] { basisPath, deltaPath, resultPath },
                (ref NativeOptions native, ref NativeStatistics statistics) =>
                    NativeMethods.sigdelta_patch_file(basis, delta, result, ref native, ref statistics));
        }

        /// <summary>
        /// Gives the result of a delta as a stream that reads basis and delta while it is read. It is verified when
        /// a read has returned 0: a wrong result makes the last read fail instead.
        /// </summary>
        public static Stream OpenApply(Stream basis, Stream delta, ApplyOptions options = null)
        {
            return new JobStream(ApplyReader(basis, delta, options, null));
        }

        private static JobReader ApplyReader(Stream basis, Stream delta, ApplyOptions options,
            IProgress<TransferProgress> progress)
        {
            Require.Readable(basis, nameof(basis));
            Require.Readable(delta, nameof(delta));
            return new JobReader(Job.Patch(options), delta, basis, TransferPhase.Apply, progress);
        }
    }
}
