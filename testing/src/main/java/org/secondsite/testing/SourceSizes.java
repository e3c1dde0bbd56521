package org.secondsite.testing;

import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.LineMap;
import com.sun.source.tree.MethodTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** How long the source files of a module are, and the methods in them: by the compiler's own parser, comments included. */
final class SourceSizes {
    private final int maxFileLines;
    private final int maxMethodLines;

    SourceSizes(int maxFileLines, int maxMethodLines) {
        this.maxFileLines = maxFileLines;
        this.maxMethodLines = maxMethodLines;
    }

    /**
     * What is longer than allowed below a directory, each with its place and its length.
     *
     * @throws IOException if a file cannot be read
     */
    List<String> tooLong(Path sources) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(sources)) {
            files = all.filter(path -> path.toString().endsWith(".java"))
                    .sorted()
                    .toList();
        }
        List<String> found = new ArrayList<>();
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
            JavacTask task = (JavacTask) compiler.getTask(
                    null, manager, null, List.of("-proc:none"), null, manager.getJavaFileObjectsFromPaths(files));
            SourcePositions positions = Trees.instance(task).getSourcePositions();
            for (CompilationUnitTree unit : task.parse()) {
                String name =
                        Path.of(unit.getSourceFile().getName()).getFileName().toString();
                LineMap lines = unit.getLineMap();
                long length = lines.getLineNumber(positions.getEndPosition(unit, unit));
                if (length > maxFileLines) {
                    found.add(name + ": " + length + " lines");
                }
                new TreeScanner<Void, Void>() {
                    @Override
                    public Void visitMethod(MethodTree method, Void unused) {
                        long last = lines.getLineNumber(positions.getEndPosition(unit, method));
                        long bodyFirst = lines.getLineNumber(
                                positions.getStartPosition(unit, method.getBody() == null ? method : method.getBody()));
                        long count = last - bodyFirst + 1;
                        if (count > maxMethodLines) {
                            found.add(name + ", " + method.getName() + ": " + count + " lines");
                        }
                        return super.visitMethod(method, null);
                    }
                }.scan(unit, null);
            }
        }
        return found;
    }
}
