package org.secondsite.config.yaml;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;
import org.secondsite.config.ConfigResult;
import org.secondsite.testing.Allocation;

/** Any text in place of a configuration file: settings, or problems with their places. */
class ConfigFuzzTest {
    private static final List<Function<Document, ConfigResult<?>>> READERS =
            List.of(GatewayDocument::read, WitnessDocument::read, AgentDocument::read);

    static List<byte[]> seeds() {
        return Stream.of("gateway.yaml", "witness.yaml", "agent.yaml")
                .map(ConfigFuzzTest::resource)
                .toList();
    }

    @MethodSource("seeds")
    @FuzzTest
    void anyTextIsSettingsOrProblems(byte[] in) {
        String text = new String(in, UTF_8);
        Allocation.bounded(4096, in, () -> read(text));
    }

    @Test
    void cutAtEveryByte() {
        byte[] seed = resource("agent.yaml");
        for (int length = 0; length < seed.length; length++) {
            anyTextIsSettingsOrProblems(Arrays.copyOf(seed, length));
        }
    }

    @Test
    void nestingWithoutEndIsAProblem() {
        for (String open : List.of("[", "{a: ", "- ", "? ", "!!a ", "&a ")) {
            ConfigResult<?> result = GatewayDocument.read(document(open.repeat(20_000)));
            assertInstanceOf(ConfigResult.Invalid.class, result, open);
        }
    }

    @Test
    void whatRefersToItselfIsAProblem() {
        for (String text : List.of("&a {site: *a}", "site: &a [*a]", "groups: &a [*a, *a]", "&a ? *a : b")) {
            assertInstanceOf(ConfigResult.Invalid.class, GatewayDocument.read(document(text)), text);
        }
    }

    private static void read(String text) {
        for (Function<Document, ConfigResult<?>> reader : READERS) {
            if (reader.apply(document(text)) instanceof ConfigResult.Invalid<?> invalid) {
                assertTrue(!invalid.problems().isEmpty());
                assertTrue(invalid.problems().stream().allMatch(problem -> problem.line() > 0));
            }
        }
    }

    private static Document document(String text) {
        return new Document("fuzzed.yaml", Path.of("/nowhere"), text);
    }

    private static byte[] resource(String name) {
        try (InputStream in = ConfigFuzzTest.class.getResourceAsStream("/org/secondsite/config/io/" + name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
