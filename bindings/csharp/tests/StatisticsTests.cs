// Statistics of what is done in memory.
using System;

namespace Sigdelta.Tests
{
    internal static class StatisticsTests
    {
        private static readonly byte[] Old = Data.Bytes(new Random(100), 100000);
        private static readonly byte[] New = Data.Edited(new Random(101), Old);

        public static void InMemory()
        {
            byte[] signature = Signature.Compute(Old, out Statistics made, new SignatureOptions { BlockLength = 1000 });
            Check.Equal(100L, made.Blocks);
            Check.Equal(1000L, made.BlockLength);
            Check.Equal((long)Old.Length, made.InBytes);
            Check.Equal((long)signature.Length, made.OutBytes);

            byte[] delta = Delta.Compute(signature, New, out Statistics found);
            CheckDelta(delta, found);
            using (SignatureIndex index = SignatureIndex.Load(signature))
            {
                Check.Bytes(delta, Delta.Compute(index, New, out Statistics again));
                CheckDelta(delta, again);
            }
            CheckDelta(Delta.Diff(Old, New, out found), found);

            Check.Bytes(New, Delta.Apply(Old, delta, out Statistics applied));
            Check.True(applied.HasTrailer && applied.Verified, "verified");
            Check.Equal((long)New.Length, applied.OutBytes);
            byte[] bare = Delta.Compute(signature, New, new DeltaOptions { Trailer = Trailer.None });
            Delta.Apply(Old, bare, out applied);
            Check.True(!applied.HasTrailer && !applied.Verified, "nothing to verify by");
            Delta.Apply(Old, delta, out applied, new ApplyOptions { Trailer = Trailer.None });
            Check.True(!applied.Verified, "not verified");
        }

        private static void CheckDelta(byte[] delta, Statistics found)
        {
            Check.Equal((long)New.Length, found.InBytes);
            Check.Equal((long)delta.Length, found.OutBytes);
            Check.Equal((long)New.Length, found.LiteralBytes + found.CopyBytes);
            Check.True(found.CopyCommands > 0 && found.Searches >= found.Matches, "counts");
        }
    }
}
