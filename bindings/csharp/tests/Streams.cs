// Streams that behave as streams may: short reads, no seeking, one way of reading only, failures.
using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace Sigdelta.Tests
{
    /// <summary>Bytes behind a stream that can be told how to behave.</summary>
    internal sealed class OddStream : Stream
    {
        private readonly MemoryStream bytes;
        private readonly Random random = new Random(7);

        internal OddStream(byte[] bytes)
        {
            this.bytes = new MemoryStream(bytes, false);
        }

        internal bool Seekable = true;
        internal bool ShortReads;
        internal bool AsyncOnly;
        internal bool SyncOnly;
        internal bool Disposed;
        /// <summary>Called before each read.</summary>
        internal Action BeforeRead;

        public override bool CanRead { get { return !Disposed; } }
        public override bool CanSeek { get { return Seekable; } }
        public override bool CanWrite { get { return false; } }

        public override long Length
        {
            get { return Seekable ? bytes.Length : throw new NotSupportedException(); }
        }

        public override long Position
        {
            get { return Seekable ? bytes.Position : throw new NotSupportedException(); }
            set { Seek(value, SeekOrigin.Begin); }
        }

        public override long Seek(long offset, SeekOrigin origin)
        {
            return Seekable ? bytes.Seek(offset, origin) : throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            if (AsyncOnly) throw new InvalidOperationException("a blocking read");
            return ReadNow(buffer, offset, count);
        }

        public override async Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken token)
        {
            if (SyncOnly) throw new InvalidOperationException("a read that does not block");
            token.ThrowIfCancellationRequested();
            await Task.Yield();
            return ReadNow(buffer, offset, count);
        }

        private int ReadNow(byte[] buffer, int offset, int count)
        {
            if (BeforeRead != null) BeforeRead();
            return bytes.Read(buffer, offset, ShortReads ? Math.Min(count, 1 + random.Next(5000)) : count);
        }

        protected override void Dispose(bool disposing)
        {
            Disposed = true;
            base.Dispose(disposing);
        }

        public override void Flush() { }
        public override void SetLength(long value) { throw new NotSupportedException(); }
        public override void Write(byte[] buffer, int offset, int count) { throw new NotSupportedException(); }
    }

    /// <summary>Collects what is written in one of the two ways.</summary>
    internal sealed class Sink : MemoryStream
    {
        internal bool AsyncOnly;
        internal bool Disposed;

        public override void Write(byte[] buffer, int offset, int count)
        {
            if (AsyncOnly) throw new InvalidOperationException("a blocking write");
            base.Write(buffer, offset, count);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken token)
        {
            base.Write(buffer, offset, count);
            return Task.FromResult(0);
        }

        protected override void Dispose(bool disposing)
        {
            Disposed = true;
            base.Dispose(disposing);
        }
    }

    /// <summary>Calls an action with each report, on the reporting thread.</summary>
    internal sealed class Listener : IProgress<TransferProgress>
    {
        private readonly Action<TransferProgress> action;

        internal Listener(Action<TransferProgress> action)
        {
            this.action = action;
        }

        public void Report(TransferProgress value)
        {
            action(value);
        }
    }
}
