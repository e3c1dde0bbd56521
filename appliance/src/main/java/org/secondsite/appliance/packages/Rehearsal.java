package org.secondsite.appliance.packages;

import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Runs a program of other jars in a virtual machine that has a daemon's class path and no more. So the machine can write an ahead-of-time
 * cache of the daemon's classes, which fits only the very class path that it was written with (JEP 483).
 */
public final class Rehearsal {
    private Rehearsal() {}

    /**
     * Runs it.
     *
     * @param arguments the class path of the other jars, the main class, and its arguments
     */
    public static void main(String[] arguments) throws ReflectiveOperationException, IOException {
        URL[] jars = Arrays.stream(arguments[0].split(File.pathSeparator, -1))
                .map(Rehearsal::url)
                .toArray(URL[]::new);
        try (URLClassLoader others = new URLClassLoader(jars, Rehearsal.class.getClassLoader())) {
            Thread.currentThread().setContextClassLoader(others);
            others.loadClass(arguments[1]).getMethod("main", String[].class).invoke(null, (Object)
                    Arrays.copyOfRange(arguments, 2, arguments.length));
        } catch (InvocationTargetException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    private static URL url(String jar) {
        try {
            return Path.of(jar).toUri().toURL();
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException(jar, e);
        }
    }
}
