// Runs all public static methods of the classes that are called *Tests; an argument picks those whose names contain it,
// or all of a class of that name.
using System;
using System.Diagnostics;
using System.Linq;
using System.Reflection;
using System.Threading.Tasks;

namespace Sigdelta.Tests
{
    internal static class Program
    {
        private static int Main(string[] args)
        {
            int passed = 0, failed = 0, skipped = 0;
            var tests = from type in typeof(Program).Assembly.GetTypes()
                        where type.Name.EndsWith("Tests") || (args.Length > 0 && type.Name == args[0])
                        from method in type.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly)
                        let name = type.Name + "." + method.Name
                        where args.Length == 0 || name.Contains(args[0])
                        orderby name
                        select new { name, method };
            foreach (var test in tests)
            {
                var clock = Stopwatch.StartNew();
                try
                {
                    var task = test.method.Invoke(null, null) as Task;
                    if (task != null) task.GetAwaiter().GetResult();
                    passed++;
                    Console.WriteLine("ok      {0} ({1} ms)", test.name, clock.ElapsedMilliseconds);
                }
                catch (Exception thrown)
                {
                    Exception exception = thrown is TargetInvocationException ? thrown.InnerException : thrown;
                    var skip = exception as SkipException;
                    if (skip != null) skipped++; else failed++;
                    Console.WriteLine("{0} {1}: {2}", skip != null ? "skipped" : "FAILED ", test.name,
                        skip != null ? skip.Message : exception.ToString());
                }
            }
            Console.WriteLine("{0} passed, {1} failed, {2} skipped", passed, failed, skipped);
            return failed > 0 || passed + skipped == 0 ? 1 : 0;
        }
    }
}
