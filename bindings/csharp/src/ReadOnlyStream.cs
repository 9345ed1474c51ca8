// What the streams of this assembly have in common: they are read, once and forwards.
using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace Sigdelta
{
    /// <summary>A stream for reading. All ways to read lead to two: one blocks, one does not.</summary>
    internal abstract class ReadOnlyStream : Stream
    {
        private bool disposed;

        /// <summary>Reads at least one byte, or none at the end; <paramref name="count"/> is not 0.</summary>
        protected abstract int ReadSome(byte[] buffer, int offset, int count);

        /// <summary>Does the same without blocking.</summary>
        protected abstract Task<int> ReadSomeAsync(byte[] buffer, int offset, int count, CancellationToken token);

        public override bool CanRead { get { return !disposed; } }
        public override bool CanSeek { get { return false; } }
        public override bool CanWrite { get { return false; } }
        public override long Length { get { throw new NotSupportedException(); } }

        public override long Position
        {
            get { throw new NotSupportedException(); }
            set { Seek(value, SeekOrigin.Begin); }
        }

        public override long Seek(long offset, SeekOrigin origin) { throw new NotSupportedException(); }
        public override void SetLength(long value) { throw new NotSupportedException(); }
        public override void Write(byte[] buffer, int offset, int count) { throw new NotSupportedException(); }
        public override void Flush() { }

        public override int Read(byte[] buffer, int offset, int count)
        {
            Check(buffer, offset, count);
            return count == 0 ? 0 : ReadSome(buffer, offset, count);
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        {
            Check(buffer, offset, count);
            return count == 0 ? Task.FromResult(0) : ReadSomeAsync(buffer, offset, count, cancellationToken);
        }

        public override IAsyncResult BeginRead(byte[] buffer, int offset, int count, AsyncCallback callback, object state)
        {
            var result = new TaskCompletionSource<int>(state);
            ReadAsync(buffer, offset, count, CancellationToken.None).ContinueWith(read =>
            {
                if (read.IsFaulted) result.SetException(read.Exception.InnerExceptions);
                else if (read.IsCanceled) result.SetCanceled();
                else result.SetResult(read.Result);
                if (callback != null) callback(result.Task);
            }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            return result.Task;
        }

        public override int EndRead(IAsyncResult asyncResult)
        {
            if (asyncResult == null) throw new ArgumentNullException(nameof(asyncResult));
            var task = asyncResult as Task<int>;
            if (task == null) throw new ArgumentException("Not from BeginRead of this stream.", nameof(asyncResult));
            return task.GetAwaiter().GetResult();
        }

        protected override void Dispose(bool disposing)
        {
            disposed = true;
            base.Dispose(disposing);
        }

        /// <summary>The place that a seek asks for.</summary>
        protected long Target(long offset, SeekOrigin origin)
        {
            CheckOpen();
            long from;
            switch (origin)
            {
                case SeekOrigin.Begin: from = 0; break;
                case SeekOrigin.Current: from = Position; break;
                case SeekOrigin.End: from = Length; break;
                default: throw new ArgumentException("Not an origin.", nameof(origin));
            }
            long target = checked(from + offset);
            return target >= 0 ? target : throw new IOException("A seek before the start of the stream.");
        }

        protected void CheckOpen()
        {
            if (disposed) throw new ObjectDisposedException(GetType().Name);
        }

        private void Check(byte[] buffer, int offset, int count)
        {
            if (buffer == null) throw new ArgumentNullException(nameof(buffer));
            if (offset < 0) throw new ArgumentOutOfRangeException(nameof(offset));
            if (count < 0) throw new ArgumentOutOfRangeException(nameof(count));
            if (count > buffer.Length - offset) throw new ArgumentException("The buffer is too short.");
            CheckOpen();
        }
    }
}
