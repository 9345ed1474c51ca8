// Calls of the library's functions on memory.
using System;
using System.Runtime.InteropServices;

namespace Sigdelta
{
    internal static unsafe class MemoryCall
    {
        /// <summary>The longest array there can be.</summary>
        private const ulong MaxArrayLength = 0x7FFFFFC7;

        internal static byte[] Signature(byte* basis, int basisLength, SignatureOptions options, out Statistics statistics)
        {
            NativeOptions native = Options.ToNative(options);
            NativeStatistics done = Statistics.Empty();
            Status status = NativeMethods.sigdelta_signature_bytes(basis, (UIntPtr)(uint)basisLength,
                ref native, out NativeBytes bytes, ref done);
            return Take(status, bytes, done, out statistics);
        }

        internal static byte[] Delta(byte* signature, int signatureLength, byte* newFile, int newLength,
            DeltaOptions options, out Statistics statistics)
        {
            NativeOptions native = Options.ToNative(options);
            NativeStatistics done = Statistics.Empty();
            Status status = NativeMethods.sigdelta_delta_bytes(signature, (UIntPtr)(uint)signatureLength,
                newFile, (UIntPtr)(uint)newLength, ref native, out NativeBytes bytes, ref done);
            return Take(status, bytes, done, out statistics);
        }

        internal static byte[] Delta(IndexHandle index, byte* newFile, int newLength,
            DeltaOptions options, out Statistics statistics)
        {
            NativeOptions native = Options.ToNative(options);
            NativeStatistics done = Statistics.Empty();
            Status status = NativeMethods.sigdelta_index_delta_bytes(index, newFile, (UIntPtr)(uint)newLength,
                ref native, out NativeBytes bytes, ref done);
            return Take(status, bytes, done, out statistics);
        }

        internal static byte[] Diff(byte* basis, int basisLength, byte* newFile, int newLength,
            SignatureOptions signatureOptions, DeltaOptions deltaOptions, out Statistics statistics)
        {
            NativeOptions native = Options.ToNative(signatureOptions, deltaOptions);
            NativeStatistics done = Statistics.Empty();
            Status status = NativeMethods.sigdelta_diff_bytes(basis, (UIntPtr)(uint)basisLength,
                newFile, (UIntPtr)(uint)newLength, ref native, out NativeBytes bytes, ref done);
            return Take(status, bytes, done, out statistics);
        }

        internal static byte[] Patch(byte* basis, int basisLength, byte* delta, int deltaLength,
            ApplyOptions options, out Statistics statistics)
        {
            NativeOptions native = ForArrays(options);
            NativeStatistics done = Statistics.Empty();
            Status status = NativeMethods.sigdelta_patch_bytes(basis, (UIntPtr)(uint)basisLength,
                delta, (UIntPtr)(uint)deltaLength, ref native, out NativeBytes bytes, ref done);
            return Take(status, bytes, done, out statistics);
        }

        internal static byte[] LayeredDiff(byte* basis, int basisLength, byte* newFile, int newLength,
            LayeredOptions options, out Statistics statistics)
        {
            NativeOptions native = Options.ToNative(options);
            NativeStatistics done = Statistics.Empty();
            Status status = NativeMethods.sigdelta_layered_diff_bytes(basis, (UIntPtr)(uint)basisLength,
                newFile, (UIntPtr)(uint)newLength, ref native, out NativeBytes bytes, ref done);
            return Take(status, bytes, done, out statistics);
        }

        internal static byte[] LayeredPatch(byte* basis, int basisLength, byte* patch, int patchLength,
            ApplyOptions options, out Statistics statistics)
        {
            NativeOptions native = ForArrays(options);
            NativeStatistics done = Statistics.Empty();
            Status status = NativeMethods.sigdelta_layered_patch_bytes(basis, (UIntPtr)(uint)basisLength,
                patch, (UIntPtr)(uint)patchLength, ref native, out NativeBytes bytes, ref done);
            return Take(status, bytes, done, out statistics);
        }

        internal static byte[] FlatDiff(byte* basis, int basisLength, byte* newFile, int newLength,
            LayeredOptions options, DeltaOptions deltaOptions, out Statistics statistics)
        {
            NativeOptions native = Options.ToNative(deltaOptions, options);
            NativeStatistics done = Statistics.Empty();
            Status status = NativeMethods.sigdelta_flat_diff_bytes(basis, (UIntPtr)(uint)basisLength,
                newFile, (UIntPtr)(uint)newLength, ref native, out NativeBytes bytes, ref done);
            return Take(status, bytes, done, out statistics);
        }

        /// <summary>Options for a result that must fit into an array.</summary>
        private static NativeOptions ForArrays(ApplyOptions options)
        {
            NativeOptions native = Options.ToNative(options);
            if (native.MaxOutputBytes == 0 || native.MaxOutputBytes > MaxArrayLength) native.MaxOutputBytes = MaxArrayLength;
            return native;
        }

        private static byte[] Take(Status status, NativeBytes bytes, NativeStatistics done, out Statistics statistics)
        {
            SigdeltaException.ThrowIfFailed(status);
            try
            {
                if ((ulong)bytes.Length > MaxArrayLength)
                    throw new SigdeltaException(Status.LimitReached, "the result is too long for an array", null);
                var array = new byte[(int)bytes.Length];
                if (array.Length > 0) Marshal.Copy(bytes.Data, array, 0, array.Length);
                statistics = new Statistics(done);
                return array;
            }
            finally
            {
                NativeMethods.sigdelta_bytes_free(ref bytes);
            }
        }
    }
}
