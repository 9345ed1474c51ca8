// The signature of a stream as a stream that can seek if the input can.
using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Sigdelta;

namespace librsync.net
{
    /// <summary>
    /// Makes the signature while it is read. A seek moves the input to the start of a block and has the signature
    /// made from there; its header and the sums before the wanted byte are dropped.
    /// </summary>
    internal sealed class SignatureStream : ReadOnlyStream
    {
        private readonly Stream input;
        private readonly long inputStart;
        private readonly SignatureParameters parameters;
        private readonly SignatureOptions options;
        private readonly byte[] dropped;
        private JobReader reader; // null until the first read after a seek
        private int toDrop;
        private long position;

        internal SignatureStream(Stream input, SignatureOptions options)
        {
            this.input = input;
            inputStart = input.CanSeek ? input.Position : 0;
            parameters = Signature.Parameters(input.CanSeek ? (long?)InputLength : null, options);
            this.options = options;
            dropped = new byte[SignatureParameters.HeaderLength + parameters.EntryLength];
        }

        public override bool CanSeek { get { return CanRead && input.CanSeek; } }

        public override long Length
        {
            get
            {
                if (!CanSeek) throw new NotSupportedException();
                return parameters.SignatureLength(InputLength);
            }
        }

        public override long Position
        {
            get { return position; }
            set { Seek(value, SeekOrigin.Begin); }
        }

        public override long Seek(long offset, SeekOrigin origin)
        {
            if (!CanSeek) throw new NotSupportedException();
            long target = Target(offset, origin);
            if (target == position) return position;
            Stop();
            return position = target;
        }

        protected override int ReadSome(byte[] buffer, int offset, int count)
        {
            if (CanSeek && position >= Length) return 0;
            if (reader == null) Restart();
            while (toDrop > 0)
            {
                int length = reader.Read(dropped, 0, toDrop, CancellationToken.None);
                if (length == 0) return 0;
                toDrop -= length;
            }
            return Passed(reader.Read(buffer, offset, count, CancellationToken.None));
        }

        protected override async Task<int> ReadSomeAsync(byte[] buffer, int offset, int count, CancellationToken token)
        {
            if (CanSeek && position >= Length) return 0;
            if (reader == null) Restart();
            while (toDrop > 0)
            {
                int length = await reader.ReadAsync(dropped, 0, toDrop, token).ConfigureAwait(false);
                if (length == 0) return 0;
                toDrop -= length;
            }
            return Passed(await reader.ReadAsync(buffer, offset, count, token).ConfigureAwait(false));
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) Stop();
            base.Dispose(disposing);
        }

        private long InputLength { get { return Math.Max(0, input.Length - inputStart); } }

        /// <summary>Starts at the last block boundary before <see cref="position"/>.</summary>
        private void Restart()
        {
            long block = Math.Max(0, position - SignatureParameters.HeaderLength) / parameters.EntryLength;
            toDrop = (int)(position - block * parameters.EntryLength);
            if (input.CanSeek) input.Position = inputStart + block * parameters.BlockLength;
            reader = new JobReader(Job.Signature(NativeMethods.Unknown, options), input, null,
                TransferPhase.Signature);
        }

        private void Stop()
        {
            if (reader != null) reader.Dispose();
            reader = null;
        }

        private int Passed(int length)
        {
            position += length;
            return length;
        }
    }
}
