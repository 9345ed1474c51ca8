// What happens where the native library is not. Not among the tests: run-tests has it run without the library.
using System;
using System.IO;
using librsync.net;

namespace Sigdelta.Tests
{
    internal static class WithoutLibrary
    {
        public static void IsSaidByTheFirstCall()
        {
            Action[] firsts =
            {
                () => Check.True(Library.Version.Length > 0, "version"), () => Library.HasFeature("files"),
                () => Signature.Compute(new byte[1]), () => Signature.Compute("old", "signature"), () => Signature.Parameters(1),
                () => Signature.OpenRead(new MemoryStream()), () => SignatureIndex.Load("signature"),
                () => SignatureIndex.LoadAsync(new MemoryStream()).GetAwaiter().GetResult(),
                () => LayeredPatch.Create(new byte[1], new byte[1]), () => LayeredPatch.Apply("old", "patch", "new"),
                () => LayeredPatch.CreateAsync(new MemoryStream(), new MemoryStream(), new MemoryStream()).GetAwaiter().GetResult(),
                () => Delta.Diff(new byte[1], new byte[1]), () => Delta.Apply("old", "delta", "new"),
                () => Delta.ReadCommands(new MemoryStream()).GetEnumerator().MoveNext(),
                () => Librsync.ComputeSignature(new MemoryStream()),
            };
            foreach (Action first in firsts)
            {
                DllNotFoundException exception;
                try
                {
                    first();
                    throw new SkipException("the library is there");
                }
                catch (DllNotFoundException caught)
                {
                    exception = caught;
                }
                foreach (string part in new[] { "libsigdelta.so", "Sigdelta.dll", AppContext.BaseDirectory, "LD_LIBRARY_PATH", "\"/no/such\"" })
                    Check.True(exception.Message.Contains(part), part + " in: " + exception.Message);
                Check.True(exception.InnerException is DllNotFoundException, "what the runtime said is kept");
            }
        }
    }
}
