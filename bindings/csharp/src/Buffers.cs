// Input and output of steps: the managed twin of sigdelta_buffers.
using System;
using System.IO;

namespace Sigdelta
{
    /// <summary>Unread input and free output, both in arrays that are pinned during a step only.</summary>
    internal sealed unsafe class Buffers
    {
        private int inputStart, inputEnd, outputFirst, outputEnd;
        private bool endOfInput, gotInput;

        internal Buffers(int inputSize)
        {
            Input = new byte[inputSize];
        }

        internal byte[] Input { get; }

        internal byte[] Output { get; private set; }

        /// <summary>Where the next byte of output goes.</summary>
        internal int OutputStart { get; private set; }

        /// <summary>Free bytes of the output.</summary>
        internal int Room { get { return outputEnd - OutputStart; } }

        /// <summary>Bytes of output since <see cref="SetOutput"/>.</summary>
        internal int Produced { get { return OutputStart - outputFirst; } }

        /// <summary>Bytes of input that were used up, in all.</summary>
        internal long Consumed { get; private set; }

        /// <summary>Whether the input ended without a single byte.</summary>
        internal bool InputWasEmpty { get { return endOfInput && !gotInput; } }

        internal void SetOutput(byte[] buffer, int offset, int count)
        {
            Output = buffer;
            outputFirst = OutputStart = offset;
            outputEnd = offset + count;
        }

        /// <summary>The first bytes of <see cref="Input"/> are new; none means that the input ended.</summary>
        internal void SetInput(int length)
        {
            if (length < 0 || length > Input.Length) throw new IOException("The input returned more than was asked for.");
            inputStart = 0;
            inputEnd = length;
            endOfInput = length == 0;
            gotInput |= length > 0;
        }

        /// <summary>What a step is given, with both arrays pinned at these addresses.</summary>
        internal NativeBuffers ToNative(byte* input, byte* output)
        {
            return new NativeBuffers
            {
                Input = input + inputStart,
                InputLength = (UIntPtr)(uint)(inputEnd - inputStart),
                Output = output + OutputStart,
                OutputLength = (UIntPtr)(uint)Room,
                EndOfInput = endOfInput ? 1 : 0,
            };
        }

        /// <summary>Takes over how far a step came.</summary>
        internal void Advance(ref NativeBuffers native)
        {
            int start = inputEnd - checked((int)native.InputLength);
            Consumed += start - inputStart;
            inputStart = start;
            OutputStart = outputEnd - checked((int)native.OutputLength);
        }
    }
}
