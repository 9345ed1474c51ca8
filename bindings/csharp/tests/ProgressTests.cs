// Progress: what is reported, and what an IProgress that throws does.
using System;
using System.Collections.Generic;
using System.IO;
using System.Threading.Tasks;

namespace Sigdelta.Tests
{
    internal static class ProgressTests
    {
        private static readonly byte[] Old = Data.Bytes(new Random(30), 3000000);
        private static readonly byte[] New = Data.Join(Data.Bytes(new Random(31), 1000000), Old);

        public static async Task OfStreams()
        {
            byte[] signature = Signature.Compute(Old), delta = Delta.Diff(Old, New);
            for (int round = 0; round < 2; round++)
            {
                bool blocking = round == 0;
                var reports = new Reports();
                var sink = new MemoryStream();
                Statistics statistics = blocking
                    ? Signature.Compute(Data.Stream(Old), sink, null, reports)
                    : await Signature.ComputeAsync(Data.Stream(Old), sink, null, reports);
                reports.Check(Old.Length, sink.Length, statistics);
                reports.CheckPhases(new[] { TransferPhase.Signature }, Old.Length);

                reports = new Reports();
                sink = new MemoryStream();
                statistics = blocking
                    ? Delta.Compute(Data.Stream(signature), Data.Stream(New), sink, null, reports)
                    : await Delta.ComputeAsync(Data.Stream(signature), Data.Stream(New), sink, null, reports);
                reports.Check(New.Length, sink.Length, statistics);
                reports.CheckPhases(new[] { TransferPhase.Load, TransferPhase.Delta }, signature.Length, New.Length);

                reports = new Reports();
                sink = new MemoryStream();
                statistics = blocking
                    ? Delta.Apply(Data.Stream(Old), Data.Stream(delta), sink, null, reports)
                    : await Delta.ApplyAsync(Data.Stream(Old), Data.Stream(delta), sink, null, reports);
                reports.Check(delta.Length, sink.Length, statistics);
                reports.CheckPhases(new[] { TransferPhase.Apply }, delta.Length);
            }
        }

        public static void OfPipes()
        {
            var reports = new Reports();
            Signature.Compute(new OddStream(Old) { Seekable = false }, new MemoryStream(), null, reports);
            reports.CheckPhases(new[] { TransferPhase.Signature }, (long?)null);
            reports = new Reports();
            Stream old = Data.Stream(Old);
            old.Position = 1000000;
            Signature.Compute(old, new MemoryStream(), null, reports);
            reports.CheckPhases(new[] { TransferPhase.Signature }, 2000000);
        }

        public static void OfFiles()
        {
            using (var scratch = new Scratch())
            {
                string old = scratch.Write("old", Old), edited = scratch.Write("new", New);
                string signature = scratch.Path("signature"), delta = scratch.Path("delta"), result = scratch.Path("result");
                var reports = new Reports();
                Signature.Compute(old, signature, null, reports);
                reports.CheckPhases(new[] { TransferPhase.Signature }, Old.Length);
                reports = new Reports();
                Delta.Compute(signature, edited, delta, null, reports);
                long signatureLength = new FileInfo(signature).Length;
                reports.CheckPhases(new[] { TransferPhase.Load, TransferPhase.Delta }, signatureLength, New.Length);
                reports = new Reports();
                using (SignatureIndex index = SignatureIndex.Load(signature)) Delta.Compute(index, edited, delta, null, reports);
                reports.CheckPhases(new[] { TransferPhase.Delta }, New.Length);
                reports = new Reports();
                Delta.Diff(old, edited, delta, null, null, reports);
                reports.CheckPhases(new[] { TransferPhase.Signature, TransferPhase.Delta }, Old.Length, New.Length);
                reports = new Reports();
                Delta.Apply(old, delta, result, null, reports);
                reports.CheckPhases(new[] { TransferPhase.Apply }, new FileInfo(delta).Length);
                Check.Bytes(New, File.ReadAllBytes(result));
            }
        }

        public static async Task ThatThrows()
        {
            var thrown = new InvalidTimeZoneException("thrown by a listener");
            int reports = 0;
            var listener = new Listener(_ => { if (++reports == 2) throw thrown; });
            Func<Exception, bool> isIt = exception => ReferenceEquals(exception, thrown) && reports == 2;

            Check.True(isIt(Check.Throws<InvalidTimeZoneException>(
                () => Signature.Compute(Data.Stream(Old), new MemoryStream(), null, listener))), "of a stream");
            reports = 0;
            Check.True(isIt(await Check.ThrowsAsync<InvalidTimeZoneException>(
                () => Signature.ComputeAsync(Data.Stream(Old), new MemoryStream(), null, listener))), "of a task");
            using (var scratch = new Scratch())
            {
                string old = scratch.Write("old", Old), delta = scratch.Write("delta", Delta.Diff(Old, New));
                string signature = scratch.Write("signature", Signature.Compute(Old)), edited = scratch.Write("new", New);
                reports = 0;
                Check.True(isIt(Check.Throws<InvalidTimeZoneException>(
                    () => Signature.Compute(old, scratch.Path("x"), null, listener))), "of a signature");
                reports = 0;
                Check.True(isIt(Check.Throws<InvalidTimeZoneException>(
                    () => Delta.Compute(signature, edited, scratch.Path("x"), null, listener))), "of a delta");
                reports = 0;
                Check.True(isIt(Check.Throws<InvalidTimeZoneException>(
                    () => Delta.Diff(old, edited, scratch.Path("x"), null, null, listener))), "of a diff");
                reports = 0;
                Check.True(isIt(Check.Throws<InvalidTimeZoneException>(
                    () => Delta.Apply(old, delta, scratch.Path("x"), null, listener))), "of a patch");
                Check.Equal(4, scratch.Count, "files");
            }
        }

        private sealed class Reports : IProgress<TransferProgress>
        {
            private readonly List<TransferProgress> all = new List<TransferProgress>();

            public void Report(TransferProgress value)
            {
                all.Add(value);
            }

            internal void Check(long inBytes, long outBytes, Statistics statistics)
            {
                CheckOrder();
                TransferProgress last = all[all.Count - 1];
                Tests.Check.Equal(inBytes, last.InBytes, "bytes in");
                Tests.Check.Equal(outBytes, last.OutBytes, "bytes out");
                Tests.Check.Equal(inBytes, statistics.InBytes, "bytes in, statistics");
                Tests.Check.Equal(outBytes, statistics.OutBytes, "bytes out, statistics");
            }

            internal void CheckOrder()
            {
                Tests.Check.True(all.Count >= 4 && all.Count < 50, all.Count + " reports");
                for (int i = 1; i < all.Count; i++)
                    Tests.Check.True(all[i].Phase != all[i - 1].Phase
                        || (all[i].InBytes >= all[i - 1].InBytes && all[i].OutBytes >= all[i - 1].OutBytes), "progress goes forwards");
            }

            /// <summary>These phases and no others, each to its end.</summary>
            internal void CheckPhases(TransferPhase[] phases, params long?[] totals)
            {
                CheckOrder();
                int at = 0;
                for (int i = 0; i < phases.Length; i++)
                {
                    int first = at;
                    for (; at < all.Count && all[at].Phase == phases[i]; at++)
                        Tests.Check.Equal(totals[i], all[at].TotalInBytes, "total of " + phases[i]);
                    Tests.Check.True(at > first, "there is progress of " + phases[i]);
                    if (totals[i] != null) Tests.Check.Equal(totals[i].Value, all[at - 1].InBytes, "bytes in at the end of " + phases[i]);
                }
                Tests.Check.Equal(all.Count, at, "reports of the phases");
            }
        }
    }
}
