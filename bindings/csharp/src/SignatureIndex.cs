// A loaded signature, ready to make deltas against it.
using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace Sigdelta
{
    /// <summary>
    /// A signature, loaded once for any number of deltas. May be used by any number of threads at once, and
    /// disposed of while deltas are being made with it: they keep what they need.
    /// </summary>
    public sealed class SignatureIndex : IDisposable
    {
        private readonly IndexHandle handle;

        private SignatureIndex(IndexHandle handle)
        {
            this.handle = handle;
            SigdeltaException.ThrowIfFailed(NativeMethods.sigdelta_index_info(handle,
                out uint kind, out uint blockLength, out uint strongLength, out ulong blocks));
            Parameters = new SignatureParameters(kind, blockLength, strongLength);
            Blocks = checked((long)blocks);
        }

        /// <exception cref="ObjectDisposedException">The index was disposed of.</exception>
        internal IndexHandle Handle
        {
            get { return !handle.IsClosed ? handle : throw new ObjectDisposedException(nameof(SignatureIndex)); }
        }

        /// <summary>Kind and lengths of the signature.</summary>
        public SignatureParameters Parameters { get; }

        /// <summary>How many blocks the signature has.</summary>
        public long Blocks { get; }

        /// <summary>Loads a signature from a stream, which is read to its end and not disposed of.</summary>
        /// <exception cref="SigdeltaException">The stream is no good signature, or too long a one.</exception>
        /// <exception cref="OperationCanceledException">The operation was cancelled.</exception>
        public static SignatureIndex Load(Stream signature, LoadOptions options = null,
            CancellationToken cancellationToken = default(CancellationToken))
        {
            return Load(signature, options, null, cancellationToken);
        }

        internal static SignatureIndex Load(Stream signature, LoadOptions options, IProgress<TransferProgress> progress,
            CancellationToken cancellationToken)
        {
            Require.Readable(signature, nameof(signature));
            Job job = Job.Load(options);
            using (var reader = new JobReader(job, signature, null, TransferPhase.Load, progress))
            {
                reader.Read(NoOutput, 0, 0, cancellationToken);
                return new SignatureIndex(job.TakeIndex());
            }
        }

        /// <summary>
        /// Loads a signature without blocking on the stream, which is read to its end and not disposed of.
        /// </summary>
        /// <exception cref="SigdeltaException">The stream is no good signature, or too long a one.</exception>
        /// <exception cref="OperationCanceledException">The operation was cancelled.</exception>
        public static Task<SignatureIndex> LoadAsync(Stream signature, LoadOptions options = null,
            CancellationToken cancellationToken = default(CancellationToken))
        {
            return LoadAsync(signature, options, null, cancellationToken);
        }

        internal static async Task<SignatureIndex> LoadAsync(Stream signature, LoadOptions options,
            IProgress<TransferProgress> progress, CancellationToken cancellationToken)
        {
            Require.Readable(signature, nameof(signature));
            Job job = Job.Load(options);
            using (var reader = new JobReader(job, signature, null, TransferPhase.Load, progress))
            {
                await reader.ReadAsync(NoOutput, 0, 0, cancellationToken).ConfigureAwait(false);
                return new SignatureIndex(job.TakeIndex());
            }
        }

        /// <summary>Loads a signature from memory.</summary>
        /// <exception cref="SigdeltaException">The bytes are no good signature, or too long a one.</exception>
        public static unsafe SignatureIndex Load(byte[] signature, LoadOptions options = null)
        {
            Require.NotNull(signature, nameof(signature));
            fixed (byte* start = signature) return Load(start, signature.Length, options);
        }

        /// <summary>Loads a signature from a file.</summary>
        /// <exception cref="SigdeltaException">
        /// The file cannot be read, is no good signature, or too long a one.
        /// </exception>
        /// <exception cref="FileNotFoundException">There is no such file.</exception>
        /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
        /// <exception cref="OperationCanceledException">The operation was cancelled.</exception>
        public static SignatureIndex Load(string signaturePath, LoadOptions options = null,
            CancellationToken cancellationToken = default(CancellationToken))
        {
            byte[] signature = NativeText.Path(signaturePath, nameof(signaturePath));
            IndexHandle handle = null;
            PathCall.Run(Options.ToNative(options), null, cancellationToken, new[] { signaturePath },
                (ref NativeOptions native, ref NativeStatistics statistics) =>
                    NativeMethods.sigdelta_index_from_file(signature, ref native, out handle));
            return new SignatureIndex(handle);
        }

        /// <summary>Frees the index, as soon as no delta is made with it any more.</summary>
        public void Dispose()
        {
            handle.Dispose();
        }

        private static readonly byte[] NoOutput = new byte[0];

        private static unsafe SignatureIndex Load(byte* signature, int length, LoadOptions options)
        {
            NativeOptions native = Options.ToNative(options);
            SigdeltaException.ThrowIfFailed(NativeMethods.sigdelta_index_from_bytes(signature, (UIntPtr)(uint)length,
                ref native, out IndexHandle handle));
            return new SignatureIndex(handle);
        }
    }
}
