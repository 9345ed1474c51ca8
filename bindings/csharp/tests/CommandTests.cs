// Deltas taken apart.
using System;
using System.IO;
using System.Linq;

namespace Sigdelta.Tests
{
    internal static class CommandTests
    {
        public static void OfAKnownDelta()
        {
            var delta = Data.Stream(Data.Hex("72730236 02 5859 4a 07d0 01f4 00"));
            DeltaCommand[] commands = Delta.ReadCommands(delta).ToArray();
            Check.Equal(3, commands.Length);
            Check.Equal(DeltaCommandKind.Literal, commands[0].Kind);
            Check.Equal(4L, commands[0].Offset);
            Check.Equal(1, commands[0].EncodedLength);
            Check.Equal(5L, commands[0].DataOffset);
            Check.Equal(2L, commands[0].Length);
            Check.Equal(DeltaCommandKind.Copy, commands[1].Kind);
            Check.Equal(7L, commands[1].Offset);
            Check.Equal(5, commands[1].EncodedLength);
            Check.Equal(2000L, commands[1].Position);
            Check.Equal(500L, commands[1].Length);
            Check.Equal(DeltaCommandKind.End, commands[2].Kind);
            Check.Equal(12L, commands[2].Offset);
        }

        public static void PutTogetherAgain()
        {
            var random = new Random(70);
            byte[] old = Data.Bytes(random, 300000);
            byte[] edited = Data.Join(Data.Bytes(random, 200000), Data.Edited(random, old));
            byte[] delta = Delta.Diff(old, edited);
            var result = new MemoryStream();
            var kinds = Delta.ReadCommands(new OddStream(delta) { ShortReads = true, Seekable = false }).Select(command =>
            {
                if (command.Kind == DeltaCommandKind.Literal) result.Write(delta, (int)command.DataOffset, (int)command.Length);
                if (command.Kind == DeltaCommandKind.Copy) result.Write(old, (int)command.Position, (int)command.Length);
                if (command.Kind == DeltaCommandKind.Trailer) Check.Equal((long)edited.Length, command.Length, "length in the trailer");
                return command.Kind;
            }).ToArray();
            Check.Bytes(edited, result.ToArray());
            Check.Equal(DeltaCommandKind.End, kinds[kinds.Length - 2]);
            Check.Equal(DeltaCommandKind.Trailer, kinds[kinds.Length - 1]);
        }

        public static void OfABadDelta()
        {
            var commands = Delta.ReadCommands(Data.Stream(Data.Hex("72730236 03 616263 60 00"))).GetEnumerator();
            Check.True(commands.MoveNext(), "the first command is good");
            var exception = Check.Fails(Status.Corrupt, () => commands.MoveNext());
            Check.Equal(8L, exception.Offset.Value);
            Check.Fails(Status.InputEnded, () => Delta.ReadCommands(Data.Stream(Data.Hex("72730236 05 6162"))).ToArray());
        }
    }
}
