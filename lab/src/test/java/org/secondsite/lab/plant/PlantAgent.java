package org.secondsite.lab.plant;

import com.sun.tools.attach.AgentInitializationException;
import com.sun.tools.attach.AgentLoadException;
import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
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
import java.lang.instrument.UnmodifiableClassException;
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

/**
 * The agent: weaves a call of {@link PlantedFault#reached} into the method of each {@link Point}, when its class is loaded or, in a process
 * that was started without the agent, when it comes.
 */
public final class PlantAgent {
    /** A process that is to be struck later takes the agent without a word in its log. */
    public static final String MAY_COME_LATER = "-XX:+EnableDynamicAgentLoading";

    private static final ClassDesc FAULT = ClassDesc.of(PlantedFault.class.getName());
    private static final MethodTypeDesc REACHED = MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_String);

    private PlantAgent() {}

    /** Called by the virtual machine before {@code main}; the argument is the directory of {@link PlantedFault#obey}. */
    public static void premain(String directory, Instrumentation instrumentation) {
        instrumentation.addTransformer(new Weaver());
        PlantedFault.obey(Path.of(directory));
    }

    /** Called by a virtual machine that runs already. */
    public static void agentmain(String directory, Instrumentation instrumentation) throws UnmodifiableClassException {
        instrumentation.addTransformer(new Weaver(), true);
        Class<?>[] loaded = Arrays.stream(instrumentation.getAllLoadedClasses())
                .filter(type ->
                        !Weaver.pointsIn(type.getName().replace('.', '/')).isEmpty())
                .toArray(Class<?>[]::new);
        instrumentation.retransformClasses(loaded);
        PlantedFault.obey(Path.of(directory));
    }

    /**
     * Writes the agent's jar.
     *
     * @param directory where orders will be, and the jar
     * @return the option for a virtual machine that is to start with the agent
     */
    public static String option(Path directory) throws IOException {
        return "-javaagent:" + jar(directory) + "=" + directory;
    }

    /** Has the agent come into a process that was started with {@link #MAY_COME_LATER}, and waits until it has woven. */
    public static void enter(Path directory, long pid) throws IOException {
        Path jar = jar(directory);
        try {
            VirtualMachine machine = VirtualMachine.attach(Long.toString(pid));
            try {
                machine.loadAgent(jar.toString(), directory.toString());
            } finally {
                machine.detach();
            }
        } catch (AttachNotSupportedException | AgentLoadException | AgentInitializationException e) {
            throw new IOException("the agent cannot enter process " + pid, e);
        }
    }

    private static Path jar(Path directory) throws IOException {
        Path jar = directory.resolve("plant.jar");
        if (Files.exists(jar)) {
            return jar; // a process that has the agent may read it
        }
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().putValue("Premain-Class", PlantAgent.class.getName());
        manifest.getMainAttributes().putValue("Agent-Class", PlantAgent.class.getName());
        manifest.getMainAttributes().putValue("Can-Retransform-Classes", "true");
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar), manifest)) {
            for (Class<?> type : List.of(PlantAgent.class, Weaver.class, Atop.class)) {
                String name = type.getName().replace('.', '/') + ".class";
                out.putNextEntry(new JarEntry(name));
                try (InputStream in = type.getClassLoader().getResourceAsStream(name)) {
                    in.transferTo(out);
                }
            }
        }
        return jar;
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
            List<Point> points = pointsIn(name);
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

        static List<Point> pointsIn(String name) {
            return Arrays.stream(Point.values())
                    .filter(point -> point.type().equals(name))
                    .toList();
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
