// The functions on memory for spans: slices of arrays, stack and native memory, without a copy.
#if NET8_0_OR_GREATER
using System;
using System.Runtime.InteropServices;

namespace Sigdelta
{
    public static partial class Signature
    {
        /// <inheritdoc cref="Compute(byte[], SignatureOptions)"/>
        public static unsafe byte[] Compute(ReadOnlySpan<byte> basis, SignatureOptions options = null)
        {
            fixed (byte* start = &MemoryMarshal.GetReference(basis)) return MemoryCall.Signature(start, basis.Length, options);
        }
    }

    public static partial class Delta
    {
        /// <inheritdoc cref="Compute(byte[], byte[], DeltaOptions)"/>
        public static unsafe byte[] Compute(ReadOnlySpan<byte> signature, ReadOnlySpan<byte> newFile, DeltaOptions options = null)
        {
            fixed (byte* signatureStart = &MemoryMarshal.GetReference(signature), newStart = &MemoryMarshal.GetReference(newFile))
                return MemoryCall.Delta(signatureStart, signature.Length, newStart, newFile.Length, options);
        }

        /// <inheritdoc cref="Diff(byte[], byte[], SignatureOptions, DeltaOptions)"/>
        public static unsafe byte[] Diff(ReadOnlySpan<byte> basis, ReadOnlySpan<byte> newFile,
            SignatureOptions signatureOptions = null, DeltaOptions deltaOptions = null)
        {
            fixed (byte* basisStart = &MemoryMarshal.GetReference(basis), newStart = &MemoryMarshal.GetReference(newFile))
                return MemoryCall.Diff(basisStart, basis.Length, newStart, newFile.Length, signatureOptions, deltaOptions);
        }

        /// <inheritdoc cref="Apply(byte[], byte[], ApplyOptions)"/>
        public static unsafe byte[] Apply(ReadOnlySpan<byte> basis, ReadOnlySpan<byte> delta, ApplyOptions options = null)
        {
            fixed (byte* basisStart = &MemoryMarshal.GetReference(basis), deltaStart = &MemoryMarshal.GetReference(delta))
                return MemoryCall.Patch(basisStart, basis.Length, deltaStart, delta.Length, options);
        }
    }
}
#endif
