package org.secondsite.lab.io;

import java.nio.file.Path;
import org.secondsite.lab.plan.JavaRuntime;

/** The Java and the class path that run this process: the lab's processes get the same. */
public final class ThisJava {
    private ThisJava() {}

    /** How to start another one. */
    public static JavaRuntime runtime() {
        return new JavaRuntime(
                Path.of(System.getProperty("java.home"), "bin", "java"),
                System.getProperty("java.class.path"),
                Path.of(System.getProperty(
                        "secondsite.archive",
                        Path.of(System.getProperty("user.home"), ".cache", "secondsite", "classes.jsa")
                                .toString())));
    }
}
