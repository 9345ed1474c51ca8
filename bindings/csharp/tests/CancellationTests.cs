// Tokens that are cancelled before and during an operation.
using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace Sigdelta.Tests
{
    internal static class CancellationTests
    {
        private static readonly byte[] Old = Data.Bytes(new Random(20), 3000000);
        private static readonly byte[] OldSignature = Signature.Compute(Old);
        private static readonly byte[] OldDelta = Delta.Diff(Old, Old);

        public static async Task Before()
        {
            var token = new CancellationToken(true);
            var sink = new MemoryStream();
            Check.Throws<OperationCanceledException>(() => Signature.Compute(Data.Stream(Old), sink, null, null, token));
            Check.Throws<OperationCanceledException>(() => SignatureIndex.Load(Data.Stream(OldSignature), null, token));
            Check.Throws<OperationCanceledException>(
                () => Delta.Compute(Data.Stream(OldSignature), Data.Stream(Old), sink, null, null, token));
            Check.Throws<OperationCanceledException>(() => Delta.Apply(Data.Stream(Old), Data.Stream(OldDelta), sink, null, null, token));
            await Check.ThrowsAsync<OperationCanceledException>(() => Signature.ComputeAsync(Data.Stream(Old), sink, null, null, token));
            await Check.ThrowsAsync<OperationCanceledException>(() => SignatureIndex.LoadAsync(Data.Stream(OldSignature), null, token));
            await Check.ThrowsAsync<OperationCanceledException>(
                () => Delta.ComputeAsync(Data.Stream(OldSignature), Data.Stream(Old), sink, null, null, token));
            await Check.ThrowsAsync<OperationCanceledException>(
                () => Delta.ApplyAsync(Data.Stream(Old), Data.Stream(OldDelta), sink, null, null, token));
            Check.Equal(0L, sink.Length, "bytes written");
            using (var scratch = new Scratch())
            {
                Check.Throws<OperationCanceledException>(
                    () => Signature.Compute(scratch.Write("old", Old), scratch.Path("signature"), null, null, token));
                Check.Equal(1, scratch.Count, "files");
            }
        }

        /// <summary>The streams' fifth read cancels; no more than it is read.</summary>
        public static async Task DuringStreams()
        {
            await Cancelled((old, token) => Signature.Compute(old, new MemoryStream(), null, null, token));
            await Cancelled((old, token) => Delta.Compute(Data.Stream(OldSignature), old, new MemoryStream(), null, null, token));
            await Cancelled((old, token) => Delta.Apply(old, Data.Stream(OldDelta), new MemoryStream(), null, null, token));
            await Cancelled((old, token) => Signature.ComputeAsync(old, new MemoryStream(), null, null, token).GetAwaiter().GetResult());
            await CancelledAsync((old, token) => Signature.ComputeAsync(old, new MemoryStream(), null, null, token));
            await CancelledAsync((old, token) => Delta.ComputeAsync(Data.Stream(OldSignature), old, new MemoryStream(), null, null, token));
            await CancelledAsync((old, token) => Delta.ApplyAsync(old, Data.Stream(OldDelta), new MemoryStream(), null, null, token));
        }

        public static void DuringALoad()
        {
            using (var source = new CancellationTokenSource())
            {
                int reads = 0;
                var signature = new OddStream(OldSignature) { ShortReads = true, BeforeRead = () => { if (++reads == 3) source.Cancel(); } };
                Check.Throws<OperationCanceledException>(() => SignatureIndex.Load(signature, null, source.Token));
                Check.Equal(3, reads, "reads");
            }
        }

        public static void DuringFiles()
        {
            using (var scratch = new Scratch())
            {
                string old = scratch.Write("old", Old), signature = scratch.Write("signature", OldSignature);
                string delta = scratch.Write("delta", OldDelta), kept = scratch.Write("kept", new byte[] { 1, 2 });
                Action<Action<IProgress<TransferProgress>, CancellationToken>> cancelled = operation =>
                {
                    using (var source = new CancellationTokenSource())
                    {
                        int reports = 0;
                        var progress = new Listener(_ => { reports++; source.Cancel(); });
                        var exception = Check.Throws<OperationCanceledException>(() => operation(progress, source.Token));
                        Check.True(exception.CancellationToken == source.Token, "the token");
                        Check.Equal(1, reports, "reports");
                        Check.Equal(4, scratch.Count, "files");
                        Check.Bytes(new byte[] { 1, 2 }, File.ReadAllBytes(kept), "the file that would have been replaced");
                    }
                };
                cancelled((progress, token) => Signature.Compute(old, kept, null, progress, token));
                cancelled((progress, token) => Delta.Compute(signature, old, kept, null, progress, token));
                using (SignatureIndex index = SignatureIndex.Load(signature))
                    cancelled((progress, token) => Delta.Compute(index, old, kept, null, progress, token));
                cancelled((progress, token) => Delta.Diff(old, old, kept, null, null, progress, token));
                cancelled((progress, token) => Delta.Apply(old, delta, kept, null, progress, token));
            }
        }

        /// <summary>A read that is cancelled takes no bytes with it: the next goes on.</summary>
        public static async Task CancelledReadsLoseNothing()
        {
            var random = new Random(21);
            byte[] edited = Data.Edited(random, Old);
            byte[] delta = Delta.Diff(Old, edited);
            CancellationTokenSource source = null;
            Action maybe = () => { if (random.Next(4) == 0) source.Cancel(); };
            Stream result = Delta.OpenApply(
                new OddStream(Old) { ShortReads = true, BeforeRead = maybe }, new OddStream(delta) { ShortReads = true, BeforeRead = maybe });
            var all = new MemoryStream();
            var buffer = new byte[3000];
            int length = -1, cancelled = 0;
            while (length != 0)
            {
                source = new CancellationTokenSource();
                if (random.Next(4) == 0) source.Cancel();
                try
                {
                    length = await result.ReadAsync(buffer, 0, buffer.Length, source.Token);
                    all.Write(buffer, 0, length);
                }
                catch (OperationCanceledException)
                {
                    cancelled++;
                }
            }
            Check.True(cancelled > 50, cancelled + " reads were cancelled");
            Check.Bytes(edited, all.ToArray());
        }

        private static Task Cancelled(Action<Stream, CancellationToken> operation)
        {
            return CancelledAsync((old, token) =>
            {
                operation(old, token);
                return Task.FromResult(0);
            });
        }

        private static async Task CancelledAsync(Func<Stream, CancellationToken, Task> operation)
        {
            using (var source = new CancellationTokenSource())
            {
                int reads = 0;
                var old = new OddStream(Old) { ShortReads = true, BeforeRead = () => { if (++reads == 5) source.Cancel(); } };
                var exception = await Check.ThrowsAsync<OperationCanceledException>(() => operation(old, source.Token));
                Check.True(exception.CancellationToken == source.Token, "the token");
                Check.Equal(5, reads, "reads");
                Check.True(!old.Disposed, "the input is not disposed of");
            }
        }
    }
}
