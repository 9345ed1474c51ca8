// Brings an old file up to date without sending the new one: signature, delta, apply.
//
//   Upload.exe OLD NEW RESULT
//
// In earnest the middle step runs on another machine: it has NEW and gets the signature, and the delta goes back.
using System;
using System.IO;
using Sigdelta;

internal static class Upload
{
    private static int Main(string[] args)
    {
        if (args.Length != 3)
        {
            Console.Error.WriteLine("usage: Upload.exe OLD NEW RESULT");
            return 2;
        }
        string delta = args[2] + ".delta";
        try
        {
            var signature = new MemoryStream();
            using (Stream old = File.OpenRead(args[0]))
                Signature.Compute(old, signature);

            signature.Position = 0;
            using (Stream edited = File.OpenRead(args[1]))
            using (Stream request = File.Create(delta))
                Delta.Compute(signature, edited, request);

            Statistics applied = Delta.Apply(args[0], delta, args[2]);
            Console.WriteLine("{0} bytes of signature, {1} of delta, for {2} bytes: {3}",
                signature.Length, applied.InBytes, applied.OutBytes, applied.Verified ? "verified" : "not verified");
            return 0;
        }
        catch (Exception exception) when (exception is IOException // SigdeltaException is one
            || exception is UnauthorizedAccessException || exception is DllNotFoundException)
        {
            Console.Error.WriteLine(exception.Message);
            return 1;
        }
        finally
        {
            File.Delete(delta);
        }
    }
}
