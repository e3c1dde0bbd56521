package org.secondsite.bgp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.lang.module.ModuleDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.bgp.io.BgpSpeaker;

/** The module descriptor, which a release is packed with, fits the classes: it needs Netty and SLF4J alone, and hides nothing. */
class ModuleTest {
    @TempDir
    private Path directory;

    @Test
    void theDescriptorFitsTheClasses() throws Exception {
        Path classes = Path.of(BgpSpeaker.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        String modules = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(path -> path.matches(".*/(netty-|slf4j-api).*\\.jar"))
                .collect(Collectors.joining(File.pathSeparator));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter said = new StringWriter();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            List<String> options = List.of(
                    "-Xlint:all,-classfile",
                    "--module-path",
                    modules,
                    "--patch-module",
                    "org.secondsite.bgp=" + classes,
                    "-d",
                    directory.toString());
            compiler.getTask(
                            said,
                            files,
                            null,
                            options,
                            null,
                            files.getJavaFileObjects(Path.of("src/main/module/module-info.java")))
                    .call();
        }
        assertEquals("", said.toString());
        ModuleDescriptor module;
        try (InputStream in = Files.newInputStream(directory.resolve("module-info.class"))) {
            module = ModuleDescriptor.read(in);
        }
        assertEquals(
                packages(classes),
                module.exports().stream()
                        .map(ModuleDescriptor.Exports::source)
                        .collect(Collectors.toCollection(TreeSet::new)));
        assertEquals(
                Set.of(),
                module.requires().stream()
                        .map(ModuleDescriptor.Requires::name)
                        .filter(name -> !name.matches("java\\.base|jdk\\.unsupported|io\\.netty\\..*|org\\.slf4j"))
                        .collect(Collectors.toSet()));
    }

    private static Set<String> packages(Path classes) throws IOException {
        try (Stream<Path> all = Files.walk(classes)) {
            return all.filter(path -> path.toString().endsWith(".class") && !path.endsWith("package-info.class"))
                    .map(path -> classes.relativize(path.getParent()).toString().replace('/', '.'))
                    .filter(name -> name.startsWith("org.secondsite"))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }
}
