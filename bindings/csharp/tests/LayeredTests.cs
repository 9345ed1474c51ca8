// Layered patches and flat deltas: in memory, by path, over streams.
using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace Sigdelta.Tests
{
    internal static class LayeredTests
    {
        private static readonly byte[] Old = Data.Bytes(new Random(130), 400000);
        private static readonly byte[] New = Data.Edited(new Random(131), Old);
        private static readonly byte[] Patch = LayeredPatch.Create(Old, New);

        public static void ThereAndBack()
        {
            var random = new Random(132);
            foreach (PatchLevel level in Enum.GetValues(typeof(PatchLevel)))
            {
                for (int round = 0; round < 12; round++)
                {
                    byte[] old = Data.File(random, round), edited = Data.Edited(random, old);
                    byte[] patch = LayeredPatch.Create(old, edited, new LayeredOptions { Level = level });
                    Check.Bytes(edited, LayeredPatch.Apply(old, patch));
                    Check.Bytes(edited, Delta.Apply(old, patch), "as a delta");
                    Check.Bytes(edited, Delta.Apply(old, Delta.FlatDiff(old, edited, new LayeredOptions { Level = level })));
                }
            }
            Check.True(Library.HasFeature("layered"), "the feature");
        }

        public static void StatisticsOfMemory()
        {
            byte[] patch = LayeredPatch.Create(Old, New, out Statistics made);
            Check.Equal((long)New.Length, made.InBytes);
            Check.Equal((long)patch.Length, made.OutBytes);
            Check.Equal((long)New.Length, made.AlignedBytes + made.LiteralBytes);
            Check.True(made.AlignedPieces > 0 && made.ToString().Contains(" aligned piece"), made.ToString());
            LayeredPatch.Apply(Old, patch, out Statistics applied);
            Check.Equal((long)patch.Length, applied.InBytes);
            Check.Equal((long)New.Length, applied.OutBytes);
            Check.True(applied.Verified && !applied.HasTrailer, "verified, without a trailer");
            byte[] flat = Delta.FlatDiff(Old, New, out Statistics found, null, new DeltaOptions { Trailer = Trailer.None });
            Check.Equal((long)New.Length, found.LiteralBytes + found.CopyBytes);
            Check.Equal((long)flat.Length, 4 + found.LiteralCommandBytes + found.LiteralBytes + found.CopyCommandBytes + 1);
            byte[] delta = Delta.Diff(Old, New, null, new DeltaOptions { Trailer = Trailer.None });
            Check.True(flat.Length < delta.Length, flat.Length + " bytes, not " + delta.Length);
        }

        public static void ByPath()
        {
            using (var scratch = new Scratch())
            {
                string old = scratch.Write("old", Old), edited = scratch.Write("new", New);
                string patch = scratch.Path("patch"), delta = scratch.Path("delta"), result = scratch.Path("result");
                LayeredPatch.Create(old, edited, patch, new LayeredOptions { Threads = 2 });
                Check.Bytes(Patch, File.ReadAllBytes(patch));
                Check.True(LayeredPatch.Apply(old, patch, result).Verified, "verified");
                Check.Bytes(New, File.ReadAllBytes(result));
                File.Delete(result);
                Check.True(Delta.Apply(old, patch, result).Verified, "verified");
                Check.Bytes(New, File.ReadAllBytes(result));
                Delta.FlatDiff(old, edited, delta);
                Check.Bytes(Delta.FlatDiff(Old, New), File.ReadAllBytes(delta));
                Check.True(Delta.Apply(old, delta, result, new ApplyOptions { Trailer = Trailer.Required }).Verified, "verified");
                Check.Bytes(New, File.ReadAllBytes(result));

                string missing = scratch.Path("missing"), output = scratch.Path("output");
                int files = scratch.Count;
                Check.Equal(missing, Check.Throws<FileNotFoundException>(() => LayeredPatch.Create(missing, edited, output)).FileName);
                Check.Equal(missing, Check.Throws<FileNotFoundException>(() => LayeredPatch.Apply(old, missing, output)).FileName);
                Check.Equal(missing, Check.Throws<FileNotFoundException>(() => Delta.FlatDiff(old, missing, output)).FileName);
                Check.Fails(Status.IOError, () => LayeredPatch.Create(old, edited, edited));
                Check.Throws<ArgumentException>(() => LayeredPatch.Create(old, "", output));
                Check.Throws<ArgumentNullException>(() => LayeredPatch.Apply(old, patch, (string)null));
                Check.Equal(files, scratch.Count, "files");
            }
        }

        public static async Task OverStreams()
        {
            var sink = new Sink();
            Statistics made = LayeredPatch.Create(SyncOnly(Old), SyncOnly(New), sink);
            Check.Bytes(Patch, sink.ToArray());
            Check.Equal((long)New.Length, made.InBytes);
            Check.True(!sink.Disposed, "outputs are not disposed of");
            sink = new Sink { AsyncOnly = true };
            await LayeredPatch.CreateAsync(AsyncOnly(Old), AsyncOnly(New), sink);
            Check.Bytes(Patch, sink.ToArray());

            sink = new Sink();
            OddStream patch = SyncOnly(Patch);
            patch.Seekable = false;
            Check.True(LayeredPatch.Apply(SyncOnly(Old), patch, sink).Verified, "verified");
            Check.Bytes(New, sink.ToArray());
            Check.True(!patch.Disposed, "inputs are not disposed of");
            sink = new Sink { AsyncOnly = true };
            patch = AsyncOnly(Patch);
            patch.Seekable = false;
            Statistics applied = await LayeredPatch.ApplyAsync(AsyncOnly(Old), patch, sink);
            Check.Bytes(New, sink.ToArray());
            Check.Equal((long)Patch.Length, applied.InBytes);

            byte[] flat = Delta.FlatDiff(Old, New);
            sink = new Sink();
            Delta.FlatDiff(SyncOnly(Old), SyncOnly(New), sink);
            Check.Bytes(flat, sink.ToArray());
            sink = new Sink { AsyncOnly = true };
            await Delta.FlatDiffAsync(AsyncOnly(Old), AsyncOnly(New), sink);
            Check.Bytes(flat, sink.ToArray());
        }

        /// <summary>A basis counts from its start, what else is read from its position.</summary>
        public static void Positions()
        {
            Stream old = Data.Stream(Old), edited = Data.Stream(Data.Join(new byte[777], New));
            old.Position = 5000;
            edited.Position = 777;
            var sink = new MemoryStream();
            LayeredPatch.Create(old, edited, sink);
            Check.Bytes(Patch, sink.ToArray());
            Stream patch = Data.Stream(Data.Join(new byte[99], Patch));
            patch.Position = 99;
            old.Position = 1;
            sink = new MemoryStream();
            LayeredPatch.Apply(old, patch, sink);
            Check.Bytes(New, sink.ToArray());
            sink = new MemoryStream();
            old.Position = 0;
            LayeredPatch.Create(old, old, sink);
            Check.Bytes(Old, LayeredPatch.Apply(Old, sink.ToArray()), "of one stream twice");
        }

        public static async Task StreamsThatCannotSeek()
        {
            var sink = new MemoryStream();
            Check.Equal("basis", Check.Throws<ArgumentException>(() => LayeredPatch.Create(Pipe(Old), Data.Stream(New), sink)).ParamName);
            Check.Equal("newFile", Check.Throws<ArgumentException>(() => LayeredPatch.Create(Data.Stream(Old), Pipe(New), sink)).ParamName);
            Check.Equal("basis", Check.Throws<ArgumentException>(() => LayeredPatch.Apply(Pipe(Old), Data.Stream(Patch), sink)).ParamName);
            Check.Equal("newFile", Check.Throws<ArgumentException>(() => Delta.FlatDiff(Data.Stream(Old), Pipe(New), sink)).ParamName);
            await Check.ThrowsAsync<ArgumentException>(() => LayeredPatch.CreateAsync(Pipe(Old), Data.Stream(New), sink));
            Check.Equal("patch", Check.Throws<ArgumentException>(() => LayeredPatch.Create(Data.Stream(Old), Data.Stream(New), Data.Stream(New))).ParamName);
            Check.Equal("delta", Check.Throws<ArgumentException>(() => Delta.FlatDiff(Data.Stream(Old), Data.Stream(New), Data.Stream(New))).ParamName);
            Check.Throws<ArgumentNullException>(() => LayeredPatch.Create(null, Data.Stream(New), sink));
            Check.Throws<ArgumentNullException>(() => LayeredPatch.Apply(Data.Stream(Old), (Stream)null, sink));
            Check.Throws<ArgumentNullException>(() => LayeredPatch.Create((byte[])null, New));
            Check.Throws<ArgumentOutOfRangeException>(() => new LayeredOptions { Level = (PatchLevel)3 });
            Check.Throws<ArgumentOutOfRangeException>(() => new ApplyOptions { MaxMemoryBytes = -1 });
            Check.Equal(0L, sink.Length, "bytes written");
        }

        /// <summary>Every way to apply refuses it, and a file that is there stays.</summary>
        public static void WhatIsNotGood()
        {
            using (var scratch = new Scratch())
            {
                string kept = scratch.Write("kept", new byte[] { 1, 2 });
                Func<Status, byte[], byte[], ApplyOptions, SigdeltaException> refused = (status, old, patch, options) =>
                {
                    string oldPath = scratch.Write("old", old), patchPath = scratch.Write("patch", patch);
                    Check.Fails(status, () => LayeredPatch.Apply(old, patch, options));
                    Check.Fails(status, () => LayeredPatch.Apply(oldPath, patchPath, kept, options));
                    Check.Fails(status, () => Delta.Apply(oldPath, patchPath, kept, options));
                    Check.Bytes(new byte[] { 1, 2 }, File.ReadAllBytes(kept));
                    Check.Equal(3, scratch.Count, "files");
                    var sink = new MemoryStream();
                    return Check.Fails(status, () => LayeredPatch.Apply(Data.Stream(old), Data.Stream(patch), sink, options));
                };
                var wrong = (byte[])Old.Clone();
                wrong[1000] ^= 1;
                var exception = refused(Status.Corrupt, wrong, Patch, null);
                Check.True(exception.Message.StartsWith("the basis is not the one this patch was made against"), exception.Message);
                refused(Status.Corrupt, Data.Front(Old, Old.Length - 1), Patch, null);
                var damaged = (byte[])Patch.Clone();
                damaged[damaged.Length / 2] ^= 4;
                exception = refused(Status.Corrupt, Old, damaged, null);
                Check.True(exception.Offset >= 0 && exception.Offset < damaged.Length, "byte " + exception.Offset);
                exception = refused(Status.InputEnded, Old, Data.Front(Patch, Patch.Length - 1), null);
                Check.Equal((long)Patch.Length - 1, exception.Offset.Value);
                exception = refused(Status.Corrupt, Old, Data.Join(Patch, new byte[1]), null);
                Check.Equal((long)Patch.Length, exception.Offset.Value);
                refused(Status.LimitReached, Old, Patch, new ApplyOptions { MaxOutputBytes = New.Length - 1 });
                refused(Status.LimitReached, Old, Patch, new ApplyOptions { MaxMemoryBytes = 1000000 });
                Check.Fails(Status.BadMagic, () => LayeredPatch.Apply(Old, Delta.Diff(Old, New)));
                Check.Bytes(New, LayeredPatch.Apply(Old, Patch,
                    new ApplyOptions { MaxOutputBytes = New.Length, MaxMemoryBytes = 64 << 20, Trailer = Trailer.Required }));
            }
        }

        /// <summary>Nothing is written before the basis was found to be the right one.</summary>
        public static void AWrongBasisIsFoundFirst()
        {
            var sink = new MemoryStream();
            Check.Fails(Status.Corrupt, () => LayeredPatch.Apply(Data.Stream(New), Data.Stream(Patch), sink));
            Check.Equal(0L, sink.Length, "bytes written");
        }

        public static async Task ExceptionsOfStreams()
        {
            var failure = new InvalidTimeZoneException();
            Func<byte[], Stream> failing = bytes => new OddStream(bytes) { BeforeRead = () => { throw failure; } };
            Action<Action> fails = action => Check.True(ReferenceEquals(failure, Check.Throws<InvalidTimeZoneException>(action)), "the exception");
            fails(() => LayeredPatch.Create(failing(Old), Data.Stream(New), new MemoryStream()));
            fails(() => LayeredPatch.Create(Data.Stream(Old), failing(New), new MemoryStream()));
            fails(() => LayeredPatch.Apply(failing(Old), Data.Stream(Patch), new MemoryStream()));
            fails(() => LayeredPatch.Apply(Data.Stream(Old), failing(Patch), new MemoryStream()));
            fails(() => Delta.FlatDiff(failing(Old), Data.Stream(New), new MemoryStream()));
            var late = await Check.ThrowsAsync<InvalidTimeZoneException>(
                () => LayeredPatch.CreateAsync(Data.Stream(Old), failing(New), new MemoryStream()));
            Check.True(ReferenceEquals(failure, late), "the exception");
            Check.Throws<NotSupportedException>(
                () => LayeredPatch.Apply(Data.Stream(Old), Data.Stream(Patch), new MemoryStream(new byte[10])));
            Check.Fails(Status.IOError, () => LayeredPatch.Create(new Liar(Old), Data.Stream(New), new MemoryStream()));
        }

        public static async Task Cancelled()
        {
            var sink = new MemoryStream();
            var token = new CancellationToken(true);
            Check.Throws<OperationCanceledException>(() => LayeredPatch.Create(Data.Stream(Old), Data.Stream(New), sink, null, null, token));
            await Check.ThrowsAsync<OperationCanceledException>(
                () => LayeredPatch.ApplyAsync(Data.Stream(Old), Data.Stream(Patch), sink, null, null, token));
            Check.Equal(0L, sink.Length, "bytes written");
            for (int round = 0; round < 2; round++)
            {
                using (var source = new CancellationTokenSource())
                {
                    int reads = 0;
                    var old = new OddStream(Old) { ShortReads = true, BeforeRead = () => { if (++reads == 5) source.Cancel(); } };
                    Func<Task> operation = async () =>
                    {
                        if (round == 0) LayeredPatch.Create(old, Data.Stream(New), new MemoryStream(), null, null, source.Token);
                        else await LayeredPatch.ApplyAsync(old, Data.Stream(Patch), new MemoryStream(), null, null, source.Token);
                    };
                    var exception = await Check.ThrowsAsync<OperationCanceledException>(operation);
                    Check.True(exception.CancellationToken == source.Token, "the token");
                    Check.Equal(5, reads, "reads");
                }
            }
            using (var scratch = new Scratch())
            using (var source = new CancellationTokenSource())
            {
                string old = scratch.Write("old", Old), kept = scratch.Write("kept", new byte[] { 1, 2 });
                var progress = new Listener(_ => source.Cancel());
                Check.Throws<OperationCanceledException>(() => LayeredPatch.Create(old, old, kept, null, progress, source.Token));
                Check.Bytes(new byte[] { 1, 2 }, File.ReadAllBytes(kept), "the file that would have been replaced");
                Check.Equal(2, scratch.Count, "files");
            }
        }

        public static async Task Progress()
        {
            var reports = new List<TransferProgress>();
            var listener = new Listener(reports.Add);
            var sink = new MemoryStream();
            LayeredPatch.Create(Data.Stream(Old), Data.Stream(New), sink, null, listener);
            TransferProgress last = reports[reports.Count - 1];
            Check.Equal(TransferPhase.Delta, last.Phase);
            Check.Equal((long)New.Length, last.InBytes);
            Check.Equal((long)New.Length, last.TotalInBytes.Value);
            Check.Equal((long)Patch.Length, last.OutBytes);
            reports.Clear();
            await LayeredPatch.ApplyAsync(Data.Stream(Old), Pipe(Patch), sink, null, listener);
            last = reports[reports.Count - 1];
            Check.Equal(TransferPhase.Apply, last.Phase);
            Check.Equal((long)Patch.Length, last.InBytes);
            Check.Equal(null, last.TotalInBytes);
            Check.Equal((long)New.Length, last.OutBytes);
            var thrown = new InvalidTimeZoneException("thrown by a listener");
            Check.True(ReferenceEquals(thrown, Check.Throws<InvalidTimeZoneException>(() => LayeredPatch.Create(
                Data.Stream(Old), Data.Stream(New), sink, null, new Listener(_ => { throw thrown; })))), "the exception");
        }

        /// <summary>Streams are read on threads of the library, but one at a time.</summary>
        public static void Threads()
        {
            byte[] old = Data.Bytes(new Random(133), 1 << 20);
            byte[] twoGroups = Data.Bytes(new Random(134), 33 << 20);
            var threads = new HashSet<int>();
            Action before = () => threads.Add(Thread.CurrentThread.ManagedThreadId);
            var sink = new MemoryStream();
            var options = new LayeredOptions { Level = PatchLevel.Fast, Threads = 3 };
            LayeredPatch.Create(new OddStream(old) { BeforeRead = before }, new OddStream(twoGroups) { BeforeRead = before }, sink,
                options);
            Check.True(threads.SetEquals(new[] { Thread.CurrentThread.ManagedThreadId }), "streams on the thread of the call");
            Check.Bytes(LayeredPatch.Create(old, twoGroups, options), sink.ToArray());
        }

        private static OddStream SyncOnly(byte[] bytes)
        {
            return new OddStream(bytes) { SyncOnly = true, ShortReads = true };
        }

        private static OddStream AsyncOnly(byte[] bytes)
        {
            return new OddStream(bytes) { AsyncOnly = true, ShortReads = true };
        }

        private static Stream Pipe(byte[] bytes)
        {
            return new OddStream(bytes) { Seekable = false };
        }

        /// <summary>A stream that ends before it says.</summary>
        private sealed class Liar : MemoryStream
        {
            internal Liar(byte[] bytes) : base(bytes, false) { }

            public override long Length { get { return base.Length + 1; } }
        }
    }
}
