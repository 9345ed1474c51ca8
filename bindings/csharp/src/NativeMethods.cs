// What is used of libsigdelta's C API, declared as in include/sigdelta.h and nothing more.
using System;
using System.Runtime.InteropServices;

namespace Sigdelta
{
    /// <summary>What a step of a job asks for; other values are those of <see cref="Status"/>.</summary>
    internal static class StepStatus
    {
        internal const Status NeedsInput = (Status)1;
        internal const Status NeedsOutput = (Status)2;
        internal const Status NeedsBasis = (Status)3;
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate int NativeProgress(IntPtr opaque, NativeProgressReport* report);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal unsafe delegate int NativeReadAt(IntPtr opaque, ulong position, IntPtr bytes, UIntPtr* length);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    internal delegate int NativeWrite(IntPtr opaque, IntPtr bytes, UIntPtr length);

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeSource
    {
        internal IntPtr ReadAt;
        internal IntPtr Opaque;
        internal ulong Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeSink
    {
        internal IntPtr Write;
        internal IntPtr Opaque;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeOptions
    {
        internal UIntPtr Size;
        internal uint SignatureKind;
        internal uint BlockLength;
        internal uint StrongLength;
        internal uint Trailer;
        internal uint LibrsyncRules;
        internal uint Threads;
        internal ulong MaxOutputBytes;
        internal ulong MaxSignatureBytes;
        internal ulong MaxMemoryBytes;
        internal IntPtr Progress;
        internal IntPtr ProgressOpaque;
        internal uint Smaller;
        internal uint Level;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeStatistics
    {
        internal UIntPtr Size;
        internal ulong InBytes, OutBytes;
        internal ulong Blocks, BlockLength;
        internal ulong LiteralCommands, LiteralBytes, LiteralCommandBytes;
        internal ulong CopyCommands, CopyBytes, CopyCommandBytes;
        internal ulong Searches, Matches;
        internal uint HasTrailer, Verified;
        internal ulong AlignedPieces, AlignedBytes;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeProgressReport
    {
        internal UIntPtr Size;
        internal uint Phase;
        internal ulong InBytes, InTotal, OutBytes;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeBytes
    {
        internal IntPtr Data;
        internal UIntPtr Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct NativeBuffers
    {
        internal byte* Input;
        internal UIntPtr InputLength;
        internal byte* Output;
        internal UIntPtr OutputLength;
        internal int EndOfInput;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeCommand
    {
        internal uint Kind;
        internal uint EncodedLength;
        internal ulong Offset;
        internal ulong DataOffset;
        internal ulong Position;
        internal ulong Length;
    }

    internal static unsafe class NativeMethods
    {
        /// <summary>libsigdelta.so, libsigdelta.dylib or sigdelta.dll.</summary>
        private const string Library = "sigdelta";
        private const CallingConvention C = CallingConvention.Cdecl;

        /// <summary>SIGDELTA_UNKNOWN: a length or offset that is not known.</summary>
        internal const ulong Unknown = ulong.MaxValue;

        [DllImport(Library, CallingConvention = C)]
        internal static extern IntPtr sigdelta_status_text(Status status);
        [DllImport(Library, CallingConvention = C)]
        internal static extern IntPtr sigdelta_error_text();
        [DllImport(Library, CallingConvention = C)]
        internal static extern ulong sigdelta_error_offset();
        [DllImport(Library, CallingConvention = C)]
        internal static extern int sigdelta_error_errno();

        [DllImport(Library, CallingConvention = C)]
        internal static extern IntPtr sigdelta_version();
        [DllImport(Library, CallingConvention = C)]
        internal static extern uint sigdelta_version_number();
        [DllImport(Library, CallingConvention = C)]
        internal static extern int sigdelta_has_feature(byte[] name);

        [DllImport(Library, CallingConvention = C)]
        internal static extern void sigdelta_bytes_free(ref NativeBytes bytes);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_signature_bytes(byte* basis, UIntPtr basisLength,
            ref NativeOptions options, out NativeBytes signature, ref NativeStatistics statistics);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_delta_bytes(byte* signature, UIntPtr signatureLength,
            byte* newFile, UIntPtr newLength, ref NativeOptions options, out NativeBytes delta,
            ref NativeStatistics statistics);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_diff_bytes(byte* basis, UIntPtr basisLength,
            byte* newFile, UIntPtr newLength, ref NativeOptions options, out NativeBytes delta,
            ref NativeStatistics statistics);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_patch_bytes(byte* basis, UIntPtr basisLength,
            byte* delta, UIntPtr deltaLength, ref NativeOptions options, out NativeBytes result, ref NativeStatistics statistics);

        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_signature_file(byte[] basis, byte[] signature,
            ref NativeOptions options, ref NativeStatistics statistics);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_delta_file(byte[] signature, byte[] newFile, byte[] delta,
            ref NativeOptions options, ref NativeStatistics statistics);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_diff_file(byte[] basis, byte[] newFile, byte[] delta,
            ref NativeOptions options, ref NativeStatistics statistics);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_patch_file(byte[] basis, byte[] delta, byte[] result,
            ref NativeOptions options, ref NativeStatistics statistics);

        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_layered_diff_bytes(byte* basis, UIntPtr basisLength,
            byte* newFile, UIntPtr newLength, ref NativeOptions options, out NativeBytes patch,
            ref NativeStatistics statistics);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_layered_patch_bytes(byte* basis, UIntPtr basisLength,
            byte* patch, UIntPtr patchLength, ref NativeOptions options, out NativeBytes result, ref NativeStatistics statistics);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_flat_diff_bytes(byte* basis, UIntPtr basisLength,
            byte* newFile, UIntPtr newLength, ref NativeOptions options, out NativeBytes delta,
            ref NativeStatistics statistics);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_layered_diff_file(byte[] basis, byte[] newFile, byte[] patch,
            ref NativeOptions options, ref NativeStatistics statistics);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_layered_patch_file(byte[] basis, byte[] patch, byte[] result,
            ref NativeOptions options, ref NativeStatistics statistics);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_flat_diff_file(byte[] basis, byte[] newFile, byte[] delta,
            ref NativeOptions options, ref NativeStatistics statistics);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_layered_diff_stream(ref NativeSource basis, ref NativeSource newFile,
            ref NativeSink patch, ref NativeOptions options, ref NativeStatistics statistics);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_layered_patch_stream(ref NativeSource basis, ref NativeSource patch,
            ref NativeSink result, ref NativeOptions options, ref NativeStatistics statistics);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_flat_diff_stream(ref NativeSource basis, ref NativeSource newFile,
            ref NativeSink delta, ref NativeOptions options, ref NativeStatistics statistics);

        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_signature_params(ulong basisLength, ref NativeOptions options,
            out uint kind, out uint blockLength, out uint strongLength);

        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_index_from_bytes(byte* signature, UIntPtr length,
            ref NativeOptions options, out IndexHandle index);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_index_from_file(byte[] signature,
            ref NativeOptions options, out IndexHandle index);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_index_info(IndexHandle index,
            out uint kind, out uint blockLength, out uint strongLength, out ulong blocks);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_index_delta_bytes(IndexHandle index, byte* newFile, UIntPtr newLength,
            ref NativeOptions options, out NativeBytes delta, ref NativeStatistics statistics);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_index_delta_file(IndexHandle index, byte[] newFile, byte[] delta,
            ref NativeOptions options, ref NativeStatistics statistics);
        [DllImport(Library, CallingConvention = C)]
        internal static extern void sigdelta_index_free(IntPtr index);

        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_signature_job(ulong basisLength, ref NativeOptions options,
            out JobHandle job);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_load_job(ref NativeOptions options, out JobHandle job);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_job_take_index(JobHandle loadJob, out IndexHandle index);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_delta_job(IndexHandle index, ref NativeOptions options,
            out JobHandle job);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_patch_job(ref NativeOptions options, out JobHandle job);

        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_job_step(JobHandle job, ref NativeBuffers buffers);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_job_wanted(JobHandle job, out ulong position, out ulong length);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_job_copied(JobHandle job, ref NativeBuffers buffers, UIntPtr length);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_job_stats(JobHandle job, ref NativeStatistics statistics);
        [DllImport(Library, CallingConvention = C)]
        internal static extern void sigdelta_job_free(IntPtr job);

        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_decoder_new(ref NativeOptions options, out DecoderHandle decoder);
        [DllImport(Library, CallingConvention = C)]
        internal static extern Status sigdelta_decoder_next(DecoderHandle decoder, ref NativeBuffers buffers,
            out NativeCommand command);
        [DllImport(Library, CallingConvention = C)]
        internal static extern void sigdelta_decoder_free(IntPtr decoder);
    }
}
