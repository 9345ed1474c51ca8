// librsync.net's entry points, for programs written for it.
using System;
using System.IO;
using Sigdelta;

namespace librsync.net
{
    /// <summary>
    /// Signatures, deltas and patches as lazy streams, with the names and the behaviour of librsync.net.
    /// </summary>
    /// <remarks>
    /// Streams that are passed in are not disposed of and must not be used while a result is read. A bad signature
    /// or delta is an <see cref="InvalidDataException"/>. Deltas are librsync's, without a trailer, and what follows
    /// a delta is not looked at: for verified deltas see <see cref="Sigdelta.Delta"/>.
    /// </remarks>
    public static class Librsync
    {
        private const int DefaultBlockLength = 2048;

        /// <summary>Gives the signature of a file: rollsum and BLAKE2b, blocks of 2048 bytes, whole sums.</summary>
        /// <param name="inputFile">Taken from its position to its end.</param>
        /// <returns>A stream that can seek and knows its length if <paramref name="inputFile"/> can and does.</returns>
        public static Stream ComputeSignature(Stream inputFile)
        {
            return ComputeSignature(inputFile, new SignatureJobSettings());
        }

        /// <summary>Gives the signature of a file.</summary>
        /// <param name="inputFile">Taken from its position to its end.</param>
        /// <param name="settings">Kind and lengths.</param>
        /// <returns>A stream that can seek and knows its length if <paramref name="inputFile"/> can and does.</returns>
        /// <exception cref="ArgumentException">There is no such signature.</exception>
        public static Stream ComputeSignature(Stream inputFile, SignatureJobSettings settings)
        {
            Require.Readable(inputFile, nameof(inputFile));
            try
            {
                return new SignatureStream(inputFile, new SignatureOptions
                {
                    Kind = (SignatureKind)(settings.MagicNumber == 0 ? MagicNumber.Blake2Signature : settings.MagicNumber),
                    BlockLength = settings.BlockLength == 0 ? DefaultBlockLength : settings.BlockLength,
                    StrongLength = settings.StrongSumLength,
                });
            }
            catch (Exception exception) when (exception is SigdeltaException || exception is ArgumentOutOfRangeException)
            {
                throw new ArgumentException(exception.Message, nameof(settings), exception);
            }
        }

        /// <summary>Gives the delta of a new file.</summary>
        /// <param name="signature">Of any kind; read to its end in this call.</param>
        /// <param name="newFile">Read while the result is.</param>
        /// <returns>A stream that is read once, forwards.</returns>
        /// <exception cref="InvalidDataException">The signature is not good.</exception>
        public static Stream ComputeDelta(Stream signature, Stream newFile)
        {
            Require.Readable(newFile, nameof(newFile));
            try
            {
                using (SignatureIndex index = SignatureIndex.Load(signature))
                    return Delta.OpenRead(index, newFile, new DeltaOptions { Trailer = Trailer.None });
            }
            catch (SigdeltaException exception)
            {
                throw Translate(exception);
            }
        }

        /// <summary>Gives the result of a delta.</summary>
        /// <param name="originalFile">The basis, read at any position, counted from its start.</param>
        /// <param name="delta">Taken from its position. Its commands are read in this call, its data while the result is.</param>
        /// <returns>
        /// A stream that knows its length and can go to any position, though its CanSeek is false. If one of the
        /// streams cannot seek it is read once, forwards, and <paramref name="delta"/> is not read in this call.
        /// </returns>
        /// <exception cref="InvalidDataException">
        /// The delta is not good, or copies from beyond the end of the original.
        /// </exception>
        public static Stream ApplyDelta(Stream originalFile, Stream delta)
        {
            Require.Readable(originalFile, nameof(originalFile));
            Require.Readable(delta, nameof(delta));
            if (!originalFile.CanSeek || !delta.CanSeek)
                return new FormatErrorStream(Delta.OpenApply(originalFile, delta, Untrailed));
            try
            {
                return new PatchedStream(originalFile, delta);
            }
            catch (SigdeltaException exception)
            {
                throw Translate(exception);
            }
        }

        internal static readonly ApplyOptions Untrailed = new ApplyOptions { Trailer = Trailer.None };

        /// <summary>The exception that librsync.net's users expect.</summary>
        internal static Exception Translate(SigdeltaException exception)
        {
            switch (exception.Status)
            {
                case Status.BadMagic:
                case Status.Corrupt:
                case Status.InputEnded:
                case Status.ParamError:
                    return new InvalidDataException(exception.Message, exception);
                default:
                    return new IOException(exception.Message, exception);
            }
        }
    }
}
