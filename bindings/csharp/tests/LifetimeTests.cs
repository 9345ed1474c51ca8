// Who owns what for how long: disposal, finalizers, threads.
using System;
using System.IO;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using librsync.net;

namespace Sigdelta.Tests
{
    internal static class LifetimeTests
    {
        private static readonly byte[] Old = Data.Bytes(new Random(80), 300000);
        private static readonly byte[] New = Data.Edited(new Random(81), Old);
        private static readonly byte[] OldSignature = Signature.Compute(Old);
        private static readonly byte[] NewDelta = Delta.Compute(OldSignature, New);

        public static void DisposedTwice()
        {
            SignatureIndex index = SignatureIndex.Load(OldSignature);
            Stream[] streams =
            {
                Signature.OpenRead(Data.Stream(Old)), Delta.OpenRead(index, Data.Stream(New)),
                Delta.OpenApply(Data.Stream(Old), Data.Stream(NewDelta)), Librsync.ComputeSignature(Data.Stream(Old)),
                Librsync.ComputeDelta(Data.Stream(OldSignature), Data.Stream(New)),
                Librsync.ApplyDelta(Data.Stream(Old), Data.Stream(NewDelta)),
                Librsync.ApplyDelta(Data.Stream(Old), new OddStream(NewDelta) { Seekable = false }),
            };
            foreach (Stream stream in streams)
            {
                Check.Equal(1, stream.Read(new byte[1], 0, 1));
                stream.Dispose();
                stream.Dispose();
                Check.True(!stream.CanRead, "cannot be read any more");
                Check.Throws<ObjectDisposedException>(() => stream.Read(new byte[1], 0, 1));
                Check.Throws<ObjectDisposedException>(() => stream.ReadAsync(new byte[1], 0, 1));
            }
            index.Dispose();
            index.Dispose();
            Action[] uses =
            {
                () => Delta.Compute(index, New), () => Delta.Compute(index, "new", "delta"),
                () => Delta.Compute(index, Data.Stream(New), new MemoryStream()), () => Delta.OpenRead(index, Data.Stream(New)),
            };
            foreach (Action use in uses)
                Check.Equal("SignatureIndex", Check.Throws<ObjectDisposedException>(use).ObjectName, "name");
            Check.Equal(SignatureKind.RabinKarpBlake2b, index.Parameters.Kind);
        }

        public static async Task DisposedDuringARead()
        {
            Stream result = null;
            var old = new OddStream(Old) { BeforeRead = () => result.Dispose() };
            result = Delta.OpenApply(old, Data.Stream(NewDelta));
            await Check.ThrowsAsync<ObjectDisposedException>(async () =>
            {
                while (await result.ReadAsync(new byte[1000000], 0, 1000000) > 0) { }
            });
        }

        /// <summary>Disposal by another thread, at any moment: the read ends or fails, and the process lives.</summary>
        public static void DisposedByAnotherThread()
        {
            for (int round = 0; round < 200; round++)
            {
                Stream result = Delta.OpenApply(Data.Stream(Old), Data.Stream(NewDelta));
                Task reading = Task.Run(() =>
                {
                    var buffer = new byte[5000];
                    try
                    {
                        while (result.Read(buffer, 0, buffer.Length) > 0) { }
                    }
                    catch (ObjectDisposedException)
                    {
                    }
                });
                Thread.SpinWait(round * 300);
                result.Dispose();
                reading.GetAwaiter().GetResult();
            }
        }

        public static void IndexDisposedBeforeTheDelta()
        {
            SignatureIndex index = SignatureIndex.Load(OldSignature);
            Stream delta = Delta.OpenRead(index, Data.Stream(New));
            index.Dispose();
            Check.Bytes(NewDelta, Data.Drain(delta));
        }

        public static void OneIndexManyThreads()
        {
            for (int round = 0; round < 5; round++)
            {
                SignatureIndex index = SignatureIndex.Load(OldSignature);
                using (var started = new CountdownEvent(8))
                {
                    Exception failed = null;
                    var threads = new Thread[8];
                    for (int i = 0; i < threads.Length; i++)
                    {
                        int seed = i;
                        threads[i] = new Thread(() =>
                        {
                            try
                            {
                                byte[] mine = Data.Edited(new Random(seed), Old);
                                byte[] expected = Delta.Compute(OldSignature, mine);
                                Stream delta = Delta.OpenRead(index, Data.Stream(mine));
                                Check.Bytes(expected, Delta.Compute(index, mine), "thread " + seed);
                                started.Signal();
                                Check.Bytes(expected, Data.Drain(delta), "thread " + seed + ", index disposed of");
                            }
                            catch (Exception exception)
                            {
                                failed = exception;
                                started.Signal();
                            }
                        });
                        threads[i].Start();
                    }
                    started.Wait();
                    index.Dispose();
                    foreach (Thread thread in threads) thread.Join();
                    Check.True(failed == null, "" + failed);
                }
            }
        }

        /// <summary>Objects that nobody disposes of, collected while others are at work.</summary>
        public static void Finalizers()
        {
            bool stop = false;
            var collector = new Thread(() =>
            {
                while (!Volatile.Read(ref stop))
                {
                    GC.Collect();
                    GC.WaitForPendingFinalizers();
                }
            });
            collector.Start();
            try
            {
                for (int round = 0; round < 300; round++) Abandon(round);
                using (var scratch = new Scratch())
                {
                    string old = scratch.Write("old", Old), delta = scratch.Path("delta");
                    for (int round = 0; round < 10; round++)
                        Delta.Diff(old, scratch.Write("new", New), delta, null, null, new Listener(_ => GC.Collect()));
                    Check.Bytes(NewDelta, File.ReadAllBytes(delta));
                }
            }
            finally
            {
                Volatile.Write(ref stop, true);
                collector.Join();
            }
        }

        /// <summary>Memory of the library goes back: a leak of any of these would take hundreds of megabytes.</summary>
        public static void Memory()
        {
            var old = new byte[8 << 20];
            new Random(82).NextBytes(old);
            byte[] signature = Signature.Compute(old, new SignatureOptions { BlockLength = 64 }); // 4.7 MB
            byte[] delta = Delta.Compute(signature, old);
            long before = 0;
            for (int round = 0; round < 60; round++)
            {
                if (round == 10) before = Resident();
                using (SignatureIndex index = SignatureIndex.Load(signature))
                    Check.Bytes(delta, Delta.Compute(index, old));
                Delta.Apply(old, delta);
                Signature.Compute(old);
                foreach (DeltaCommand command in Delta.ReadCommands(Data.Stream(delta)))
                    if (command.Kind == DeltaCommandKind.End) break;
                Check.Throws<SigdeltaException>(() => SignatureIndex.Load(Data.Front(signature, signature.Length - 1)));
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
            Check.True(Resident() - before < 120 << 20, "memory grew by " + (Resident() - before) + " bytes");
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void Abandon(int round)
        {
            SignatureIndex index = SignatureIndex.Load(OldSignature);
            Stream delta = Delta.OpenRead(index, Data.Stream(New));
            Check.True(delta.Read(new byte[100], 0, 100) > 0, "bytes");
            Stream result = Delta.OpenApply(Data.Stream(Old), Data.Stream(NewDelta));
            Check.Equal(0x1000, Fill(result, 0x1000), "bytes");
            Delta.ReadCommands(Data.Stream(NewDelta)).GetEnumerator().MoveNext();
            if (round % 10 == 0) Check.Bytes(New, Delta.Apply(Old, NewDelta));
        }

        private static int Fill(Stream stream, int count)
        {
            var buffer = new byte[count];
            int filled = 0, length;
            while (filled < count && (length = stream.Read(buffer, filled, count - filled)) > 0) filled += length;
            return filled;
        }

        private static long Resident()
        {
            using (var process = System.Diagnostics.Process.GetCurrentProcess()) return process.WorkingSet64;
        }
    }
}
