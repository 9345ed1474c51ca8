// Taking deltas apart.
using System.Collections.Generic;
using System.IO;

namespace Sigdelta
{
    public static partial class Delta
    {
        /// <summary>Gives the commands of a delta one by one, without applying them.</summary>
        /// <param name="delta">Is read to the end of the delta, literal data included; not disposed of.</param>
        /// <param name="options">May be null.</param>
        /// <exception cref="SigdeltaException">Thrown by the enumerator where the delta is not good.</exception>
        public static IEnumerable<DeltaCommand> ReadCommands(Stream delta, ApplyOptions options = null)
        {
            Require.Readable(delta, nameof(delta));
            return Commands(delta, options);
        }

        private static IEnumerable<DeltaCommand> Commands(Stream delta, ApplyOptions options)
        {
            using (var decoder = new Decoder(options))
            {
                var buffers = new Buffers(JobReader.BufferSize);
                for (;;)
                {
                    NativeCommand command;
                    if (!decoder.Next(buffers, out command))
                        buffers.SetInput(delta.Read(buffers.Input, 0, buffers.Input.Length));
                    else if (command.Kind == Decoder.Done)
                        yield break;
                    else
                        yield return new DeltaCommand(command);
                }
            }
        }
    }
}
