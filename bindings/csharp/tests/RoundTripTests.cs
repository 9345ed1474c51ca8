// Random files there and back, through every way there is.
using System;
using System.IO;
using System.Threading.Tasks;
using librsync.net;

namespace Sigdelta.Tests
{
    internal static class RoundTripTests
    {
        private static readonly SignatureKind[] Kinds =
        {
            SignatureKind.RollsumMd4, SignatureKind.RollsumBlake2b, SignatureKind.RabinKarpMd4, SignatureKind.RabinKarpBlake2b,
        };

        public static void Facade()
        {
            var random = new Random(1);
            for (int round = 0; round < 200; round++)
            {
                byte[] old = Data.File(random, round);
                byte[] edited = Data.Edited(random, old);
                byte[] signature = Data.Drain(Librsync.ComputeSignature(Data.Stream(old)));
                byte[] delta = Data.Drain(Librsync.ComputeDelta(Data.Stream(signature), Data.Stream(edited)));
                Check.Bytes(edited, Data.Drain(Librsync.ApplyDelta(Data.Stream(old), Data.Stream(delta))), "round " + round);
            }
        }

        public static async Task Idiomatic()
        {
            var random = new Random(2);
            for (int round = 0; round < 200; round++)
            {
                byte[] old = Data.File(random, round);
                byte[] edited = Data.Edited(random, old);
                var options = new SignatureOptions
                {
                    Kind = Kinds[random.Next(4)],
                    BlockLength = random.Next(2) * (1 + random.Next(3000)),
                    StrongLength = random.Next(2) * (8 + random.Next(9)),
                };
                var deltaOptions = new DeltaOptions { Trailer = (Trailer)random.Next(3), Smaller = random.Next(2) == 0 };

                var streamed = new MemoryStream();
                if (round % 2 == 0) Signature.Compute(Odd(old), streamed, options);
                else await Signature.ComputeAsync(Odd(old), streamed, options);
                byte[] signature = streamed.ToArray();
                Check.Bytes(Signature.Compute(old, options), signature, "signature");
                Check.Bytes(signature, Data.Drain(Signature.OpenRead(Data.Stream(old), options)), "signature read");

                streamed = new MemoryStream();
                if (round % 2 == 0) Delta.Compute(Odd(signature), Odd(edited), streamed, deltaOptions);
                else await Delta.ComputeAsync(Odd(signature), Odd(edited), streamed, deltaOptions);
                byte[] delta = streamed.ToArray();
                Check.Bytes(Delta.Compute(signature, edited, deltaOptions), delta, "delta");
                Check.Bytes(Delta.Diff(old, edited, options, deltaOptions), delta, "diff");
                using (SignatureIndex index = SignatureIndex.Load(signature))
                {
                    Check.Bytes(delta, Delta.Compute(index, edited, deltaOptions), "delta from an index");
                    Check.Bytes(delta, Data.Drain(Delta.OpenRead(index, Data.Stream(edited), deltaOptions)), "delta read");
                }

                streamed = new MemoryStream();
                Statistics statistics = round % 2 == 0
                    ? Delta.Apply(Odd(old), Odd(delta), streamed)
                    : await Delta.ApplyAsync(Odd(old), Odd(delta), streamed);
                Check.Bytes(edited, streamed.ToArray(), "result");
                Check.Equal(deltaOptions.Trailer != Trailer.None, statistics.HasTrailer, "trailer");
                Check.Equal(statistics.HasTrailer, statistics.Verified, "verified");
                Check.Equal((long)edited.Length, statistics.OutBytes, "bytes out");
                Check.Bytes(edited, Delta.Apply(old, delta), "result in memory");
                Check.Bytes(edited, Data.Drain(Delta.OpenApply(Odd(old), Odd(delta))), "result read");
                Check.Bytes(edited, Data.Drain(Librsync.ApplyDelta(Data.Stream(old), Data.Stream(delta))), "result of the facade");
            }
        }

        public static void EmptyFiles()
        {
            var none = new byte[0];
            byte[] some = { 1, 2, 3 };
            foreach (byte[] old in new[] { none, some })
                foreach (byte[] edited in new[] { none, some })
                {
                    Check.Bytes(edited, Delta.Apply(old, Delta.Compute(Signature.Compute(old), edited)));
                    Check.Bytes(edited, Delta.Apply(old, Delta.Diff(old, edited)));
                    byte[] signature = Data.Drain(Librsync.ComputeSignature(Data.Stream(old)));
                    byte[] delta = Data.Drain(Librsync.ComputeDelta(Data.Stream(signature), Data.Stream(edited)));
                    Check.Bytes(edited, Data.Drain(Librsync.ApplyDelta(Data.Stream(old), Data.Stream(delta))));
                }
        }

        /// <summary>Files larger than any buffer in between.</summary>
        public static void LargerThanBuffers()
        {
            var random = new Random(3);
            byte[] old = Data.Bytes(random, 5000000);
            byte[] edited = Data.Join(Data.Bytes(random, 700000), Data.Edited(random, old), Data.Front(old, 600000));
            var delta = new MemoryStream();
            Delta.Compute(Data.Stream(Signature.Compute(old)), Data.Stream(edited), delta);
            Check.True(delta.Length < 800000, "the delta is smaller than the file");
            var result = new MemoryStream();
            Check.True(Delta.Apply(Data.Stream(old), Data.Stream(delta.ToArray()), result).Verified, "verified");
            Check.Bytes(edited, result.ToArray());
        }

        private static Stream Odd(byte[] bytes)
        {
            return new OddStream(bytes) { ShortReads = true };
        }
    }
}
