// The functions on spans, where there are spans.
#if NET8_0_OR_GREATER
using System;

namespace Sigdelta.Tests
{
    internal static class SpanTests
    {
        public static void Slices()
        {
            byte[] file = Data.Bytes(new Random(90), 50000);
            ReadOnlySpan<byte> old = file.AsSpan(1000, 30000), edited = file.AsSpan(2000, 40000);
            byte[] oldArray = old.ToArray(), editedArray = edited.ToArray();
            byte[] signature = Signature.Compute(old);
            Check.Bytes(Signature.Compute(oldArray), signature, "signature");
            byte[] delta = Delta.Compute(signature.AsSpan(), edited);
            Check.Bytes(Delta.Compute(signature, editedArray), delta, "delta");
            Check.Bytes(delta, Delta.Diff(old, edited), "diff");
            Check.Bytes(editedArray, Delta.Apply(old, delta.AsSpan()), "result");
            using (SignatureIndex index = SignatureIndex.Load(signature))
                Check.Bytes(delta, Delta.Compute(index, edited), "delta from an index");
            byte[] patch = LayeredPatch.Create(old, edited);
            Check.Bytes(LayeredPatch.Create(oldArray, editedArray), patch, "layered patch");
            Check.Bytes(editedArray, LayeredPatch.Apply(old, patch.AsSpan()), "its result");
            Check.Bytes(Delta.FlatDiff(oldArray, editedArray), Delta.FlatDiff(old, edited), "flat delta");
        }

        public static void WithStatistics()
        {
            byte[] oldArray = Data.Bytes(new Random(91), 30000);
            ReadOnlySpan<byte> old = oldArray, edited = oldArray.AsSpan(1000);
            Statistics statistics;
            byte[] signature = Signature.Compute(old, out statistics);
            Check.Equal(30000L, statistics.InBytes);
            byte[] delta = Delta.Compute(signature.AsSpan(), edited, out statistics);
            Check.Equal(29000L, statistics.InBytes);
            using (SignatureIndex index = SignatureIndex.Load(signature)) Delta.Compute(index, edited, out statistics);
            Check.Equal((long)delta.Length, statistics.OutBytes);
            Delta.Diff(old, edited, out statistics);
            Check.Equal((long)delta.Length, statistics.OutBytes);
            Delta.Apply(old, delta.AsSpan(), out statistics);
            Check.True(statistics.Verified, "verified");
        }

        public static void EmptySpans()
        {
            ReadOnlySpan<byte> none = new ReadOnlySpan<byte>();
            byte[] signature = Signature.Compute(none);
            Check.Equal(12, signature.Length);
            Check.Equal(0, LayeredPatch.Apply(none, LayeredPatch.Create(none, none).AsSpan()).Length);
            Check.Equal(0, Delta.Apply(none, Delta.Compute(signature.AsSpan(), none).AsSpan()).Length);
        }
    }
}
#endif
