// Flat deltas: those of librsync's format that are made from both files.
using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace Sigdelta
{
    public static partial class Delta
    {
        /// <summary>
        /// Writes the delta from a basis to a new file, made from both as a layered patch is, for receivers that have
        /// only librsync: smaller than one that a signature gives, since its copies start and end at any byte.
        /// </summary>
        /// <param name="basis">Read at any position, counted from its start; must be able to seek.</param>
        /// <param name="newFile">Taken from its position to its end; must be able to seek.</param>
        /// <param name="delta">Gets the delta.</param>
        /// <param name="options">May be null.</param>
        /// <param name="deltaOptions">May be null. Says whether there is a trailer; its limits are for signatures.</param>
        /// <param name="progress">May be null.</param>
        /// <param name="cancellationToken">Looked at with each read and write.</param>
        /// <exception cref="ArgumentException">The basis or the new file cannot seek.</exception>
        /// <exception cref="SigdeltaException">A stream is shorter than it says.</exception>
        /// <exception cref="OperationCanceledException">The operation was cancelled.</exception>
        public static Statistics FlatDiff(Stream basis, Stream newFile, Stream delta, LayeredOptions options = null,
            DeltaOptions deltaOptions = null, IProgress<TransferProgress> progress = null,
            CancellationToken cancellationToken = default(CancellationToken))
        {
            NativeOptions native = Options.ToNative(deltaOptions, options);
            return LayeredPatch.Creation(basis, newFile, delta, nameof(delta))
                .Run(native, progress, cancellationToken, NativeMethods.sigdelta_flat_diff_stream);
        }

        /// <summary>The same on a thread of its own, without blocking.</summary>
        /// <inheritdoc cref="FlatDiff(Stream, Stream, Stream, LayeredOptions, DeltaOptions, IProgress{TransferProgress}, CancellationToken)"/>
        public static async Task<Statistics> FlatDiffAsync(Stream basis, Stream newFile, Stream delta,
            LayeredOptions options = null, DeltaOptions deltaOptions = null, IProgress<TransferProgress> progress = null,
            CancellationToken cancellationToken = default(CancellationToken))
        {
            NativeOptions native = Options.ToNative(deltaOptions, options);
            return await LayeredPatch.Creation(basis, newFile, delta, nameof(delta))
                .RunAsync(native, progress, cancellationToken, NativeMethods.sigdelta_flat_diff_stream)
                .ConfigureAwait(false);
        }

        /// <summary>Gives the delta from a basis to a new file, made from both, all in memory.</summary>
        public static byte[] FlatDiff(byte[] basis, byte[] newFile, LayeredOptions options = null,
            DeltaOptions deltaOptions = null)
        {
            return FlatDiff(basis, newFile, out Statistics _, options, deltaOptions);
        }

        /// <summary>
        /// Gives the delta from a basis to a new file, made from both, all in memory, and what it took.
        /// </summary>
        public static unsafe byte[] FlatDiff(byte[] basis, byte[] newFile, out Statistics statistics,
            LayeredOptions options = null, DeltaOptions deltaOptions = null)
        {
            Require.NotNull(basis, nameof(basis));
            Require.NotNull(newFile, nameof(newFile));
            fixed (byte* basisStart = basis, newStart = newFile)
                return MemoryCall.FlatDiff(basisStart, basis.Length, newStart, newFile.Length, options, deltaOptions,
                    out statistics);
        }

        /// <summary>
        /// Writes the delta from one file to another, made from both, to a third, which appears complete or not at all.
        /// </summary>
        /// <exception cref="SigdeltaException">A file cannot be read or written, or is a pipe or device.</exception>
        /// <exception cref="FileNotFoundException">There is no such file or directory.</exception>
        /// <exception cref="UnauthorizedAccessException">A file may not be read or written.</exception>
        /// <exception cref="OperationCanceledException">The operation was cancelled.</exception>
        public static Statistics FlatDiff(string basisPath, string newPath, string deltaPath, LayeredOptions options = null,
            DeltaOptions deltaOptions = null, IProgress<TransferProgress> progress = null,
            CancellationToken cancellationToken = default(CancellationToken))
        {
            byte[] basis = NativeText.Path(basisPath, nameof(basisPath));
            byte[] newFile = NativeText.Path(newPath, nameof(newPath));
            byte[] delta = NativeText.Path(deltaPath, nameof(deltaPath));
            return PathCall.Run(Options.ToNative(deltaOptions, options), progress, cancellationToken,
                new[] { basisPath, newPath, deltaPath },
                (ref NativeOptions native, ref NativeStatistics statistics) =>
                    NativeMethods.sigdelta_flat_diff_file(basis, newFile, delta, ref native, ref statistics));
        }
    }
}
