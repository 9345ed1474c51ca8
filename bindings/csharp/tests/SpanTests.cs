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
        }

        public static void EmptySpans()
        {
            ReadOnlySpan<byte> none = new ReadOnlySpan<byte>();
            byte[] signature = Signature.Compute(none);
            Check.Equal(12, signature.Length);
            Check.Equal(0, Delta.Apply(none, Delta.Compute(signature.AsSpan(), none).AsSpan()).Length);
        }
    }
}
#endif
