// The result of a delta as a stream that can be read from any position.
using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Sigdelta;

namespace librsync.net
{
    /// <summary>
    /// A list of the delta's commands, over delta and original. Says that it cannot seek, as in librsync.net,
    /// but can.
    /// </summary>
    internal sealed class PatchedStream : ReadOnlyStream
    {
        /// <summary>A part of the result that comes from one place, up to where the next one starts.</summary>
        private struct Piece
        {
            internal long Start;
            internal long Source;
            internal bool IsCopy;
        }

        private readonly BasisReader original;
        private readonly BasisReader delta;
        private readonly List<Piece> pieces = new List<Piece>(); // the last one is empty and marks the end
        private int current;
        private long position;

        internal PatchedStream(Stream original, Stream delta)
        {
            this.original = new BasisReader(original);
            this.delta = new BasisReader(delta);
            long deltaStart = delta.Position;
            long originalLength = original.Length;
            long start = 0;
            foreach (DeltaCommand command in Delta.ReadCommands(delta, Librsync.Untrailed))
            {
                bool isCopy = command.Kind == DeltaCommandKind.Copy;
                if (!isCopy && command.Kind != DeltaCommandKind.Literal) continue;
                if (isCopy && (command.Position > originalLength || command.Length > originalLength - command.Position))
                    throw new SigdeltaException(Status.InputEnded, "the delta copies from beyond the end of the original",
                        command.Offset);
                if (command.Length > long.MaxValue - start)
                    throw new SigdeltaException(Status.Corrupt, "the result of the delta is too long", command.Offset);
                long source = isCopy ? command.Position : deltaStart + command.DataOffset;
                pieces.Add(new Piece { Start = start, Source = source, IsCopy = isCopy });
                start += command.Length;
            }
            pieces.Add(new Piece { Start = start });
        }

        public override long Length { get { return pieces[pieces.Count - 1].Start; } }

        public override long Position
        {
            get { return position; }
            set { Seek(value, SeekOrigin.Begin); }
        }

        public override long Seek(long offset, SeekOrigin origin)
        {
            return position = Target(offset, origin);
        }

        protected override int ReadSome(byte[] buffer, int offset, int count)
        {
            int filled = 0;
            while (filled < count && Find(position + filled, out long from, out long left))
                filled += Checked(Source.Read(from, buffer, offset + filled, (int)Math.Min(left, count - filled)));
            position += filled;
            return filled;
        }

        protected override async Task<int> ReadSomeAsync(byte[] buffer, int offset, int count, CancellationToken token)
        {
            int filled = 0;
            while (filled < count && Find(position + filled, out long from, out long left))
                filled += Checked(await Source.ReadAsync(from, buffer, offset + filled, (int)Math.Min(left, count - filled),
                    token).ConfigureAwait(false));
            position += filled;
            return filled;
        }

        /// <summary>Where the current piece comes from.</summary>
        private BasisReader Source { get { return pieces[current].IsCopy ? original : delta; } }

        /// <summary>Makes the piece with a byte of the result current; false at the end of the result.</summary>
        /// <param name="at">Position of the byte.</param>
        /// <param name="from">Its position in the source of the piece.</param>
        /// <param name="left">Bytes from it to the end of the piece.</param>
        private bool Find(long at, out long from, out long left)
        {
            from = left = 0;
            if (at >= Length) return false;
            if (!Contains(current, at) && !Contains(++current, at))
            {
                int after = pieces.Count - 1; // the first piece known to start behind the byte
                current = 0;
                while (after - current > 1)
                {
                    int middle = current + (after - current) / 2;
                    if (pieces[middle].Start <= at) current = middle; else after = middle;
                }
            }
            from = pieces[current].Source + (at - pieces[current].Start);
            left = pieces[current + 1].Start - at;
            return true;
        }

        private bool Contains(int index, long at)
        {
            return index < pieces.Count - 1 && pieces[index].Start <= at && at < pieces[index + 1].Start;
        }

        private static int Checked(int length)
        {
            return length > 0 ? length : throw Librsync.Translate(
                new SigdeltaException(Status.InputEnded, "the original or the delta has become shorter", null));
        }
    }
}
