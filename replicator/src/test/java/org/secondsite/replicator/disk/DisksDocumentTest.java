package org.secondsite.replicator.disk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The table <i>What broke for others</i> of {@code docs/disks.md}: each line has a test, and the tests that it names are there. */
class DisksDocumentTest {
    private static final Path ROOT = Path.of("..");
    private static final Pattern NAMED = Pattern.compile("`([A-Z]\\w+Test)(?:\\.(\\w+))?`");

    private static List<String> lines() throws IOException {
        String document = Files.readString(ROOT.resolve("docs/disks.md"));
        String chapter = document.substring(document.indexOf("## What broke for others"));
        return chapter.substring(0, chapter.indexOf("\n## ", 1))
                .lines()
                .filter(line -> line.startsWith("| ") && !line.startsWith("| ---") && !line.startsWith("| report"))
                .toList();
    }

    /** The source of every test class, by its name. */
    private static Map<String, String> tests() throws IOException {
        try (Stream<Path> modules = Files.list(ROOT)) {
            List<Path> sources = new ArrayList<>();
            for (Path module : modules.map(path -> path.resolve("src/test/java"))
                    .filter(Files::isDirectory)
                    .toList()) {
                try (Stream<Path> files = Files.walk(module)) {
                    files.filter(file -> file.toString().endsWith("Test.java")).forEach(sources::add);
                }
            }
            return sources.stream()
                    .collect(Collectors.toMap(
                            file -> file.getFileName().toString().replace(".java", ""),
                            DisksDocumentTest::read,
                            String::concat));
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void everyTestThatATableNamesIsThere() throws IOException {
        Map<String, String> tests = tests();
        List<String> missing = new ArrayList<>();
        List<String> untested = new ArrayList<>();
        for (String line : lines()) {
            Matcher named = NAMED.matcher(line);
            boolean any = line.contains("| none: ") || line.contains("every test with a guest");
            while (named.find()) {
                any = true;
                String source = tests.getOrDefault(named.group(1), "");
                boolean there = !source.isEmpty()
                        && (named.group(2) == null || source.contains("void " + named.group(2) + "("));
                if (!there) {
                    missing.add(named.group());
                }
            }
            if (!any) {
                untested.add(line);
            }
        }
        assertEquals(List.of(), missing);
        assertEquals(List.of(), untested);
        assertTrue(lines().size() >= 15, "the table is gone");
    }
}
