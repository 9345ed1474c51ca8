// The functions on memory for spans: slices of arrays, stack and native memory, without a copy.
#if NET8_0_OR_GREATER
using System;
using System.Runtime.InteropServices;

namespace Sigdelta
{
    public static partial class Signature
    {
        /// <inheritdoc cref="Compute(byte[], SignatureOptions)"/>
        public static byte[] Compute(ReadOnlySpan<byte> basis, SignatureOptions options = null)
        {
            return Compute(basis, out Statistics _, options);
        }

        /// <inheritdoc cref="Compute(byte[], out Statistics, SignatureOptions)"/>
        public static unsafe byte[] Compute(ReadOnlySpan<byte> basis, out Statistics statistics, SignatureOptions options = null)
        {
            fixed (byte* start = &MemoryMarshal.GetReference(basis))
                return MemoryCall.Signature(start, basis.Length, options, out statistics);
        }
    }

    public static partial class Delta
    {
        /// <inheritdoc cref="Compute(byte[], byte[], DeltaOptions)"/>
        public static byte[] Compute(ReadOnlySpan<byte> signature, ReadOnlySpan<byte> newFile, DeltaOptions options = null)
        {
            return Compute(signature, newFile, out Statistics _, options);
        }

        /// <inheritdoc cref="Compute(byte[], byte[], out Statistics, DeltaOptions)"/>
        public static unsafe byte[] Compute(ReadOnlySpan<byte> signature, ReadOnlySpan<byte> newFile,
            out Statistics statistics, DeltaOptions options = null)
        {
            fixed (byte* signatureStart = &MemoryMarshal.GetReference(signature), newStart = &MemoryMarshal.GetReference(newFile))
                return MemoryCall.Delta(signatureStart, signature.Length, newStart, newFile.Length, options, out statistics);
        }

        /// <inheritdoc cref="Compute(SignatureIndex, byte[], DeltaOptions)"/>
        public static byte[] Compute(SignatureIndex signature, ReadOnlySpan<byte> newFile, DeltaOptions options = null)
        {
            return Compute(signature, newFile, out Statistics _, options);
        }

        /// <inheritdoc cref="Compute(SignatureIndex, byte[], out Statistics, DeltaOptions)"/>
        public static unsafe byte[] Compute(SignatureIndex signature, ReadOnlySpan<byte> newFile,
            out Statistics statistics, DeltaOptions options = null)
        {
            Require.NotNull(signature, nameof(signature));
            fixed (byte* start = &MemoryMarshal.GetReference(newFile))
                return MemoryCall.Delta(signature.Handle, start, newFile.Length, options, out statistics);
        }

        /// <inheritdoc cref="Diff(byte[], byte[], SignatureOptions, DeltaOptions)"/>
        public static byte[] Diff(ReadOnlySpan<byte> basis, ReadOnlySpan<byte> newFile,
            SignatureOptions signatureOptions = null, DeltaOptions deltaOptions = null)
        {
            return Diff(basis, newFile, out Statistics _, signatureOptions, deltaOptions);
        }

        /// <inheritdoc cref="Diff(byte[], byte[], out Statistics, SignatureOptions, DeltaOptions)"/>
        public static unsafe byte[] Diff(ReadOnlySpan<byte> basis, ReadOnlySpan<byte> newFile, out Statistics statistics,
            SignatureOptions signatureOptions = null, DeltaOptions deltaOptions = null)
        {
            fixed (byte* basisStart = &MemoryMarshal.GetReference(basis), newStart = &MemoryMarshal.GetReference(newFile))
                return MemoryCall.Diff(basisStart, basis.Length, newStart, newFile.Length, signatureOptions, deltaOptions,
                    out statistics);
        }

        /// <inheritdoc cref="FlatDiff(byte[], byte[], LayeredOptions, DeltaOptions)"/>
        public static byte[] FlatDiff(ReadOnlySpan<byte> basis, ReadOnlySpan<byte> newFile,
            LayeredOptions options = null, DeltaOptions deltaOptions = null)
        {
            return FlatDiff(basis, newFile, out Statistics _, options, deltaOptions);
        }

        /// <inheritdoc cref="FlatDiff(byte[], byte[], out Statistics, LayeredOptions, DeltaOptions)"/>
        public static unsafe byte[] FlatDiff(ReadOnlySpan<byte> basis, ReadOnlySpan<byte> newFile, out Statistics statistics,
            LayeredOptions options = null, DeltaOptions deltaOptions = null)
        {
            fixed (byte* basisStart = &MemoryMarshal.GetReference(basis), newStart = &MemoryMarshal.GetReference(newFile))
                return MemoryCall.FlatDiff(basisStart, basis.Length, newStart, newFile.Length, options, deltaOptions,
                    out statistics);
        }

        /// <inheritdoc cref="Apply(byte[], byte[], ApplyOptions)"/>
        public static byte[] Apply(ReadOnlySpan<byte> basis, ReadOnlySpan<byte> delta, ApplyOptions options = null)
        {
            return Apply(basis, delta, out Statistics _, options);
        }

        /// <inheritdoc cref="Apply(byte[], byte[], out Statistics, ApplyOptions)"/>
        public static unsafe byte[] Apply(ReadOnlySpan<byte> basis, ReadOnlySpan<byte> delta, out Statistics statistics,
            ApplyOptions options = null)
        {
            fixed (byte* basisStart = &MemoryMarshal.GetReference(basis), deltaStart = &MemoryMarshal.GetReference(delta))
                return MemoryCall.Patch(basisStart, basis.Length, deltaStart, delta.Length, options, out statistics);
        }
    }

    public static partial class LayeredPatch
    {
        /// <inheritdoc cref="Create(byte[], byte[], LayeredOptions)"/>
        public static byte[] Create(ReadOnlySpan<byte> basis, ReadOnlySpan<byte> newFile, LayeredOptions options = null)
        {
            return Create(basis, newFile, out Statistics _, options);
        }

        /// <inheritdoc cref="Create(byte[], byte[], out Statistics, LayeredOptions)"/>
        public static unsafe byte[] Create(ReadOnlySpan<byte> basis, ReadOnlySpan<byte> newFile, out Statistics statistics,
            LayeredOptions options = null)
        {
            fixed (byte* basisStart = &MemoryMarshal.GetReference(basis), newStart = &MemoryMarshal.GetReference(newFile))
                return MemoryCall.LayeredDiff(basisStart, basis.Length, newStart, newFile.Length, options, out statistics);
        }

        /// <inheritdoc cref="Apply(byte[], byte[], ApplyOptions)"/>
        public static byte[] Apply(ReadOnlySpan<byte> basis, ReadOnlySpan<byte> patch, ApplyOptions options = null)
        {
            return Apply(basis, patch, out Statistics _, options);
        }

        /// <inheritdoc cref="Apply(byte[], byte[], out Statistics, ApplyOptions)"/>
        public static unsafe byte[] Apply(ReadOnlySpan<byte> basis, ReadOnlySpan<byte> patch, out Statistics statistics,
            ApplyOptions options = null)
        {
            fixed (byte* basisStart = &MemoryMarshal.GetReference(basis), patchStart = &MemoryMarshal.GetReference(patch))
                return MemoryCall.LayeredPatch(basisStart, basis.Length, patchStart, patch.Length, options, out statistics);
        }
    }
}
#endif
