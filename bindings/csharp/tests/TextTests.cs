// What ToString says.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace Sigdelta.Tests
{
    internal static class TextTests
    {
        public static void OfCommands()
        {
            byte[] delta = Data.Join(Data.Hex("72730236 02 5859 4a 07d0 01f4 00"));
            Check.Equal("Literal of 2 bytes, Copy of 500 bytes from 2000, End",
                string.Join(", ", Delta.ReadCommands(Data.Stream(delta)).Select(command => command.ToString())));
            byte[] trailed = Delta.Diff(new byte[0], new byte[7]);
            Check.Equal("Trailer, result of 7 bytes", Delta.ReadCommands(Data.Stream(trailed)).Last().ToString());
            Check.Equal("0", default(DeltaCommand).ToString());
        }

        public static void OfProgress()
        {
            var texts = new List<string>();
            var listener = new Listener(report => texts.Add(report.ToString()));
            Signature.Compute(Data.Stream(new byte[1000]), new MemoryStream(), new SignatureOptions { BlockLength = 500 }, listener);
            Signature.Compute(new OddStream(new byte[1000]) { Seekable = false }, new MemoryStream(),
                new SignatureOptions { BlockLength = 500 }, listener);
            Check.Equal("Signature: 1000 of 1000 bytes read, 84 written; Signature: 1000 bytes read, 84 written",
                string.Join("; ", texts));
        }

        public static void OfParameters()
        {
            Check.Equal("RabinKarpBlake2b, blocks of 2048 bytes, strong sums of 32", Signature.Parameters(null).ToString());
        }

        public static void OfStatistics()
        {
            byte[] old = Data.Bytes(new Random(110), 1000);
            byte[] signature = Signature.Compute(old, out Statistics statistics, new SignatureOptions { BlockLength = 500 });
            Check.Equal("1000 bytes read, 84 written, 2 blocks of 500 bytes", statistics.ToString());
            byte[] delta = Delta.Compute(signature, Data.Join(old, new byte[3]), out statistics);
            Check.Equal("1003 bytes read, " + delta.Length + " written, 1 literal of 3 bytes, 1 copy of 1000 bytes", statistics.ToString());
            Delta.Apply(old, delta, out statistics);
            Check.Equal(delta.Length + " bytes read, 1003 written, 1 literal of 3 bytes, 1 copy of 1000 bytes, verified", statistics.ToString());
            Delta.Apply(old, Data.Front(delta, delta.Length - 48), out statistics);
            Check.True(!statistics.ToString().Contains("verified"), statistics.ToString());
        }
    }
}
