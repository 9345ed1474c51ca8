// The examples of README.md.
using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using librsync.net;

namespace Sigdelta.Tests
{
    internal static class ReadmeTests
    {
        private static readonly byte[] Old = Data.Bytes(new Random(120), 300000);
        private static readonly byte[] New = Data.Join(Old, new byte[3]);

        public static void ThreeCalls()
        {
            using (var scratch = new Scratch())
            {
                Stream old = Data.Stream(Old), edited = Data.Stream(New);
                MemoryStream response = new MemoryStream(), request = new MemoryStream();
                Signature.Compute(old, response);
                MemoryStream signature = response;
                signature.Position = 0;
                Delta.Compute(signature, edited, request);
                string file = scratch.Path("file");
                Delta.Apply(scratch.Write("old", Old), scratch.Write("delta", request.ToArray()), file);
                Check.Bytes(New, File.ReadAllBytes(file));
            }
        }

        public static async Task WithoutBlocking()
        {
            var reported = new ManualResetEventSlim();
            Stream signature = Data.Stream(Signature.Compute(Old)), edited = Data.Stream(New);
            var request = new MemoryStream();
            var progress = new Progress<TransferProgress>(report =>
            {
                if (report.TotalInBytes > 0) string.Format("{0}: {1} %", report.Phase, 100 * report.InBytes / report.TotalInBytes);
                reported.Set();
            });
            using (var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(5)))
            {
                Statistics done = await Delta.ComputeAsync(signature, edited, request, null, progress, timeout.Token);
                Check.True(done.ToString().StartsWith("300003 bytes read, " + request.Length + " written, "), done.ToString());
            }
            Check.True(reported.Wait(60000), "progress");
            Check.Bytes(New, Delta.Apply(Old, request.ToArray()));
        }

        public static void Facade()
        {
            Stream old = Data.Stream(Old), edited = Data.Stream(New);
            Stream signature = Librsync.ComputeSignature(old);
            Stream delta = Librsync.ComputeDelta(signature, edited);
            Check.Bytes(New, Data.Drain(Librsync.ApplyDelta(old, Data.Stream(Data.Drain(delta)))));
        }
    }
}
