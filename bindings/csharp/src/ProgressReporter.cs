// Decides when progress is worth a report.
using System;

namespace Sigdelta
{
    /// <summary>Passes progress on, about every 256 KiB and at the end.</summary>
    internal sealed class ProgressReporter
    {
        private const long Interval = 256 * 1024;

        private readonly IProgress<TransferProgress> receiver;
        private long reported;

        internal ProgressReporter(IProgress<TransferProgress> receiver)
        {
            this.receiver = receiver;
        }

        internal void Update(long inBytes, long outBytes, bool done)
        {
            if (receiver == null || (!done && inBytes + outBytes - reported < Interval)) return;
            reported = inBytes + outBytes;
            receiver.Report(new TransferProgress(inBytes, outBytes));
        }
    }
}
