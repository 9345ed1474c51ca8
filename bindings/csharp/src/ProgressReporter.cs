// Decides when progress is worth a report.
using System;
using System.IO;

namespace Sigdelta
{
    /// <summary>Passes the progress of one phase on, about every 256 KiB and at the end.</summary>
    internal sealed class ProgressReporter
    {
        private const long Interval = 256 * 1024;

        private readonly IProgress<TransferProgress> receiver;
        private readonly TransferPhase phase;
        private readonly long? total;
        private long reported;

        /// <param name="receiver">May be null.</param>
        /// <param name="phase">What is reported of.</param>
        /// <param name="input">What is read in this phase, from where it is to its end.</param>
        internal ProgressReporter(IProgress<TransferProgress> receiver, TransferPhase phase, Stream input)
        {
            this.receiver = receiver;
            this.phase = phase;
            if (receiver != null) total = Require.Remaining(input);
        }

        internal void Update(long inBytes, long outBytes, bool done)
        {
            if (receiver == null || (!done && inBytes + outBytes - reported < Interval)) return;
            reported = inBytes + outBytes;
            receiver.Report(new TransferProgress(phase, inBytes, total, outBytes));
        }
    }
}
