package org.secondsite.lab.plant;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.ProtectionDomain;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;

/** The agent: weaves a call of {@link PlantedFault#reached} into the method of each {@link Point} when its class is loaded. */
public final class PlantAgent {
    private static final ClassDesc FAULT = ClassDesc.of(PlantedFault.class.getName());
    private static final MethodTypeDesc REACHED = MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_String);

    private PlantAgent() {}

    /** Called by the virtual machine before {@code main}; the argument is the directory of {@link PlantedFault#obey}. */
    public static void premain(String directory, Instrumentation instrumentation) {
        instrumentation.addTransformer(new Weaver());
        PlantedFault.obey(Path.of(directory));
    }

    /**
     * Writes the agent's jar.
     *
     * @param directory where orders will be, and the jar
     * @return the option for the virtual machine
     */
    public static String option(Path directory) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().putValue("Premain-Class", PlantAgent.class.getName());
        Path jar = directory.resolve("plant.jar");
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar), manifest)) {
            for (Class<?> type : List.of(PlantAgent.class, Weaver.class, Atop.class)) {
                String name = type.getName().replace('.', '/') + ".class";
                out.putNextEntry(new JarEntry(name));
                try (InputStream in = type.getClassLoader().getResourceAsStream(name)) {
                    in.transferTo(out);
                }
            }
        }
        return "-javaagent:" + jar + "=" + directory;
    }

    /**
     * Has a method of a running process fail from now on.
     *
     * @param thread how the name of the thread begins in which it does
     */
    public static void strike(Path directory, long pid, Point point, String thread, PlantedFault.Kind kind)
            throws IOException {
        Path next = Files.writeString(directory.resolve(pid + ".next"), point + " " + thread + " " + kind);
        Files.move(next, directory.resolve(Long.toString(pid)));
    }

    private static final class Weaver implements ClassFileTransformer {
        @Override
        public byte[] transform(
                ClassLoader loader, String name, Class<?> redefined, ProtectionDomain domain, byte[] content) {
            List<Point> points = Arrays.stream(Point.values())
                    .filter(point -> point.type().equals(name))
                    .toList();
            if (points.isEmpty()) {
                return null;
            }
            try {
                return weave(points, content);
            } catch (Throwable e) {
                // The virtual machine would go on without the plant, and without a word.
                e.printStackTrace();
                Runtime.getRuntime().halt(1);
                throw e;
            }
        }

        private static byte[] weave(List<Point> points, byte[] content) {
            ClassFile classFile = ClassFile.of();
            List<Point> woven = new ArrayList<>();
            byte[] result = content;
            for (Point point : points) {
                result = classFile.transformClass(
                        classFile.parse(result),
                        ClassTransform.transformingMethodBodies(
                                method -> {
                                    boolean meant = method.methodName().equalsString(point.method());
                                    if (meant) {
                                        woven.add(point);
                                    }
                                    return meant;
                                },
                                new Atop(point)));
            }
            if (!woven.containsAll(points)) {
                throw new AssertionError("of " + points + " only these were found, was one renamed? " + woven);
            }
            return result;
        }
    }

    /** Puts the call on top of a method. */
    private record Atop(Point point) implements CodeTransform {
        @Override
        public void atStart(CodeBuilder code) {
            code.ldc(point.name()).invokestatic(FAULT, "reached", REACHED);
        }

        @Override
        public void accept(CodeBuilder code, CodeElement element) {
            code.with(element);
        }
    }
}
