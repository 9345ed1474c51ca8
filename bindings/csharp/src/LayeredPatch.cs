// Layered patches: made from two files that are at hand, and applied.
using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace Sigdelta
{
    /// <summary>
    /// Makes and applies layered patches: what turns an old file, the basis, into a new one, made from both, and
    /// much smaller than a delta. A result is always verified.
    /// </summary>
    /// <remarks>
    /// Streams stay the caller's: they are neither flushed nor disposed of. A basis is read at any position, counted
    /// from its start, and a new file from its position on; both must be able to seek. The asynchronous methods do
    /// their work, which is much, on a thread of its own, and read and write the streams there, without blocking
    /// calls of theirs.
    /// </remarks>
    public static partial class LayeredPatch
    {
        /// <summary>Writes the patch from a basis to a new file.</summary>
        /// <exception cref="ArgumentException">The basis or the new file cannot seek.</exception>
        /// <exception cref="SigdeltaException">A stream is shorter than it says.</exception>
        /// <exception cref="OperationCanceledException">The operation was cancelled.</exception>
        public static Statistics Create(Stream basis, Stream newFile, Stream patch, LayeredOptions options = null,
            IProgress<TransferProgress> progress = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            NativeOptions native = Options.ToNative(options);
            return Creation(basis, newFile, patch, nameof(patch))
                .Run(native, progress, cancellationToken, NativeMethods.sigdelta_layered_diff_stream);
        }

        /// <summary>Writes the patch from a basis to a new file without blocking.</summary>
        /// <inheritdoc cref="Create(Stream, Stream, Stream, LayeredOptions, IProgress{TransferProgress}, CancellationToken)"/>
        public static async Task<Statistics> CreateAsync(Stream basis, Stream newFile, Stream patch,
            LayeredOptions options = null, IProgress<TransferProgress> progress = null,
            CancellationToken cancellationToken = default(CancellationToken))
        {
            NativeOptions native = Options.ToNative(options);
            return await Creation(basis, newFile, patch, nameof(patch))
                .RunAsync(native, progress, cancellationToken, NativeMethods.sigdelta_layered_diff_stream)
                .ConfigureAwait(false);
        }

        /// <summary>Gives the patch from a basis to a new file, all in memory.</summary>
        public static byte[] Create(byte[] basis, byte[] newFile, LayeredOptions options = null)
        {
            return Create(basis, newFile, out Statistics _, options);
        }

        /// <summary>Gives the patch from a basis to a new file, all in memory, and what it took.</summary>
        public static unsafe byte[] Create(byte[] basis, byte[] newFile, out Statistics statistics,
            LayeredOptions options = null)
        {
            Require.NotNull(basis, nameof(basis));
            Require.NotNull(newFile, nameof(newFile));
            fixed (byte* basisStart = basis, newStart = newFile)
                return MemoryCall.LayeredDiff(basisStart, basis.Length, newStart, newFile.Length, options, out statistics);
        }

        /// <summary>
        /// Writes the patch from one file to another to a third, which appears complete or not at all.
        /// </summary>
        /// <exception cref="SigdeltaException">A file cannot be read or written, or is a pipe or device.</exception>
        /// <exception cref="FileNotFoundException">There is no such file or directory.</exception>
        /// <exception cref="UnauthorizedAccessException">A file may not be read or written.</exception>
        /// <exception cref="OperationCanceledException">The operation was cancelled.</exception>
        public static Statistics Create(string basisPath, string newPath, string patchPath, LayeredOptions options = null,
            IProgress<TransferProgress> progress = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            byte[] basis = NativeText.Path(basisPath, nameof(basisPath));
            byte[] newFile = NativeText.Path(newPath, nameof(newPath));
            byte[] patch = NativeText.Path(patchPath, nameof(patchPath));
            return PathCall.Run(Options.ToNative(options), progress, cancellationToken,
                new[] { basisPath, newPath, patchPath },
                (ref NativeOptions native, ref NativeStatistics statistics) =>
                    NativeMethods.sigdelta_layered_diff_file(basis, newFile, patch, ref native, ref statistics));
        }

        /// <summary>Writes the result of a patch.</summary>
        /// <param name="basis">Compared with the file that the patch was made against before anything is written.</param>
        /// <param name="patch">Read from its position to its end; need not be able to seek.</param>
        /// <param name="result">Gets the result. What was written before a failure is of no use.</param>
        /// <param name="options">May be null. A trailer is not what verifies a layered patch.</param>
        /// <param name="progress">May be null.</param>
        /// <param name="cancellationToken">Looked at with each read and write.</param>
        /// <exception cref="ArgumentException">The basis cannot seek.</exception>
        /// <exception cref="SigdeltaException">
        /// The patch is not good, is not for this basis, or a limit was reached.
        /// </exception>
        /// <exception cref="OperationCanceledException">The operation was cancelled.</exception>
        public static Statistics Apply(Stream basis, Stream patch, Stream result, ApplyOptions options = null,
            IProgress<TransferProgress> progress = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            NativeOptions native = Options.ToNative(options);
            return Application(basis, patch, result)
                .Run(native, progress, cancellationToken, NativeMethods.sigdelta_layered_patch_stream);
        }

        /// <summary>Writes the result of a patch without blocking.</summary>
        /// <inheritdoc cref="Apply(Stream, Stream, Stream, ApplyOptions, IProgress{TransferProgress}, CancellationToken)"/>
        public static async Task<Statistics> ApplyAsync(Stream basis, Stream patch, Stream result,
            ApplyOptions options = null, IProgress<TransferProgress> progress = null,
            CancellationToken cancellationToken = default(CancellationToken))
        {
            NativeOptions native = Options.ToNative(options);
            return await Application(basis, patch, result)
                .RunAsync(native, progress, cancellationToken, NativeMethods.sigdelta_layered_patch_stream)
                .ConfigureAwait(false);
        }

        /// <summary>Gives the result of a patch, all in memory.</summary>
        /// <exception cref="SigdeltaException">
        /// The patch is not good, is not for this basis, or a limit was reached.
        /// </exception>
        public static byte[] Apply(byte[] basis, byte[] patch, ApplyOptions options = null)
        {
            return Apply(basis, patch, out Statistics _, options);
        }

        /// <summary>Gives the result of a patch, all in memory, and what it took.</summary>
        /// <exception cref="SigdeltaException">
        /// The patch is not good, is not for this basis, or a limit was reached.
        /// </exception>
        public static unsafe byte[] Apply(byte[] basis, byte[] patch, out Statistics statistics, ApplyOptions options = null)
        {
            Require.NotNull(basis, nameof(basis));
            Require.NotNull(patch, nameof(patch));
            fixed (byte* basisStart = basis, patchStart = patch)
                return MemoryCall.LayeredPatch(basisStart, basis.Length, patchStart, patch.Length, options, out statistics);
        }

        /// <summary>
        /// Writes the result of a patch to a file, which appears complete and verified or not at all.
        /// </summary>
        /// <exception cref="SigdeltaException">
        /// A file cannot be read or written, the patch is not good, is not for this basis, or a limit was reached.
        /// </exception>
        /// <exception cref="FileNotFoundException">There is no such file or directory.</exception>
        /// <exception cref="UnauthorizedAccessException">A file may not be read or written.</exception>
        /// <exception cref="OperationCanceledException">The operation was cancelled.</exception>
        public static Statistics Apply(string basisPath, string patchPath, string resultPath, ApplyOptions options = null,
            IProgress<TransferProgress> progress = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            byte[] basis = NativeText.Path(basisPath, nameof(basisPath));
            byte[] patch = NativeText.Path(patchPath, nameof(patchPath));
            byte[] result = NativeText.Path(resultPath, nameof(resultPath));
            return PathCall.Run(Options.ToNative(options), progress, cancellationToken,
                new[] { basisPath, patchPath, resultPath },
                (ref NativeOptions native, ref NativeStatistics statistics) =>
                    NativeMethods.sigdelta_layered_patch_file(basis, patch, result, ref native, ref statistics));
        }

        /// <summary>The streams of what is made of two files.</summary>
        internal static StreamCall Creation(Stream basis, Stream newFile, Stream output, string outputName)
        {
            Require.Seekable(basis, nameof(basis));
            Require.Seekable(newFile, nameof(newFile));
            Require.Writable(output, outputName);
            return new StreamCall(basis, newFile, true, output);
        }

        private static StreamCall Application(Stream basis, Stream patch, Stream result)
        {
            Require.Seekable(basis, nameof(basis));
            Require.Readable(patch, nameof(patch));
            Require.Writable(result, nameof(result));
            return new StreamCall(basis, patch, false, result);
        }
    }
}
