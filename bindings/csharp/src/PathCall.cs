// Calls of the library's functions on files and streams, with progress and cancelling.
using System;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Threading;

namespace Sigdelta
{
    internal static class PathCall
    {
        internal delegate Status Function(ref NativeOptions options, ref NativeStatistics statistics);

        /// <summary>
        /// Calls <paramref name="function"/>. An exception of <paramref name="progress"/> cannot pass through the
        /// library: it cancels the call and is thrown on behind it.
        /// </summary>
        internal static unsafe Statistics Run(NativeOptions options, IProgress<TransferProgress> progress,
            CancellationToken token, string[] paths, Function function)
        {
            token.ThrowIfCancellationRequested();
            ExceptionDispatchInfo thrown = null;
            NativeProgress callback = (opaque, report) =>
            {
                try
                {
                    if (progress != null) progress.Report(new TransferProgress(report));
                }
                catch (Exception exception)
                {
                    if (thrown == null) thrown = ExceptionDispatchInfo.Capture(exception);
                }
                return thrown != null || token.IsCancellationRequested ? 1 : 0;
            };
            if (progress != null || token.CanBeCanceled)
                options.Progress = Marshal.GetFunctionPointerForDelegate(callback);
            NativeStatistics statistics = Statistics.Empty();
            Status status = function(ref options, ref statistics);
            GC.KeepAlive(callback);
            if (thrown != null) thrown.Throw();
            if (status == Status.Cancelled) throw new OperationCanceledException(token);
            SigdeltaException.ThrowIfFailed(status, paths);
            return new Statistics(statistics);
        }
    }
}
