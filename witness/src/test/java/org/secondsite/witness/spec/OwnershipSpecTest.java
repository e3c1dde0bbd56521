package org.secondsite.witness.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Has Spin explore {@code spec/ownership.pml} to the end, and find every planted fault. Needs the Debian packages spin and
 * gcc, and about 1 GB of memory.
 */
@Tag("spec")
class OwnershipSpecTest {
    private static final Path SPEC = Path.of("..", "spec").toAbsolutePath().normalize();
    private static final Path MODEL = SPEC.resolve("ownership.pml");
    private static final int TIMEOUT_SECONDS = 900;

    /** A group whose members do not change. */
    private static final String USUAL = "-DNO_MEMBERS";
    /** A group whose VM leaves and joins, and the rule that is about that. */
    private static final String MEMBERS = "-DMEMBERS";

    /** The same beside an older copy of the VM. */
    private static final String OLDER = "-DOLDER";

    /** A witness whose disk goes back in time, and that an operator recovers. */
    private static final String RECOVERY = "-DRECOVERY";
    /** A copy of a site's gateway. */
    private static final String CLONE = "-DCLONE";

    private static final String OF_MEMBERS = "MembershipBeforeOutput";

    /** Each fault with the rule that it breaks. It is searched for within the smallest bounds that show it. */
    enum Plant {
        RELEASE_ON_SEAL("ReleasedIsCommitted"),
        ACK_BEFORE_KEEP("ReleasedIsCommitted"),
        STALE_ACK_ACCEPTED("ReleasedIsCommitted", 2, 3),
        PROMOTE_WITHOUT_GRANT("OneOwnerPerTerm"),
        VOTE_NOT_DURABLE("NoTermTwice"),
        RESTORED_WITNESS("NoTermTwice"),
        ACK_AFTER_ASKING("PromotedHoldsAllReleased"),
        ACKNOWLEDGED_IMAGE_DROPPED("PromotedHoldsAllReleased"),
        OLDER_IMAGE_TAKEN("PromotedHoldsAllReleased", 1, 5),
        PROTECT_BEFORE_HELD("PromotedHoldsAllReleased"),
        RESTART_ASSUMES_STANDBY("PromotedHoldsAllReleased", 1, 4, Order.AS_WRITTEN),
        SESSIONS_SURVIVE_RESTART("PromotedHoldsAllReleased"),
        TOLD_STALE_AT_START("PromotedHoldsAllReleased", 1, 4, Order.AS_WRITTEN),
        NO_GATE_BEFORE_ASKING("NoSoloWhilePeerInSync"),
        RESTARTED_PASSES_BY_READ("NoSoloWhilePeerInSync"),
        RENEWED_AS_PROTECTED("NoSoloWhilePeerInSync"),
        BELIEVED_GOSSIP("NoSoloWhilePeerInSync"),
        SOLO_WITHOUT_RECORD("NoSoloWhilePeerInSync"),
        UNGATE_BY_READ("NoSoloWhilePeerInSync"),
        FENCE_FORGOTTEN("NothingAfterFence"),
        ACK_BEFORE_TOLD("FailClosed"),
        RESTART_ASSUMES_OWNER("FailClosed"),
        SOLO_WITHOUT_SYNC("DiskBeforeOutput"),
        RESTARTED_WITHOUT_AGENT("DiskBeforeOutput"),
        PASS_BEFORE_DROPPED(OF_MEMBERS, 1, 3, Order.AS_WRITTEN),
        RELEASE_BEFORE_FIRST_IMAGE(OF_MEMBERS, 1, 3, Order.AS_WRITTEN),
        MEMBERS_DIFFER_AT_TAKEOVER(OF_MEMBERS, 1, 3, Order.AS_WRITTEN),
        UNTICKED_AT_START(OF_MEMBERS, 1, 3, Order.AS_WRITTEN),
        OLDER_COPY_FORGOTTEN(OF_MEMBERS, 1, 3, Order.AS_WRITTEN, OLDER),
        OLDER_COPY_PASSES(OF_MEMBERS, 1, 3, Order.AS_WRITTEN, OLDER),
        RECOVERED_IN_USED_TERM("NoTermTwice", RECOVERY),
        OLD_DISK_BELIEVED("NoTermTwice", RECOVERY),
        DOUBT_BY_COUNTER("NoTermTwice", RECOVERY),
        RECOVERED_TO_ANOTHER("PromotedHoldsAllReleased", RECOVERY),
        CLONED_SITE("OneGatewayPerSite", CLONE);

        private final String rule;
        private final int epochs;
        private final int terms;
        private final Order order;
        private final String part;

        Plant(String rule) {
            this(rule, 1, 4);
        }

        Plant(String rule, String part) {
            this(rule, 1, 4, Order.AS_WRITTEN, part);
        }

        Plant(String rule, int epochs, int terms) {
            this(rule, epochs, terms, Order.LAST_FIRST);
        }

        Plant(String rule, int epochs, int terms, Order order) {
            this(rule, epochs, terms, order, rule.equals(OF_MEMBERS) ? MEMBERS : USUAL);
        }

        Plant(String rule, int epochs, int terms, Order order, String part) {
            this.part = part;
            this.rule = rule;
            this.epochs = epochs;
            this.terms = terms;
            this.order = order;
        }
    }

    /** In which order the verifier tries the steps that are possible in a state. */
    enum Order {
        /** Finds what goes wrong only after much has gone well, and so soon that an optimising compiler takes longer. */
        LAST_FIRST("-O0 -DT_REVERSE"),
        AS_WRITTEN("-O1");

        private final String compilerOptions;

        Order(String compilerOptions) {
            this.compilerOptions = compilerOptions;
        }
    }

    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource({
        "1, 5, 3000000, " + USUAL,
        "2, 3, 1000000, " + USUAL,
        "1, 3, 1000000, " + MEMBERS,
        "1, 3, 3000000, " + OLDER,
        "1, 3, 400000, " + RECOVERY,
        "1, 3, 200000, " + CLONE
    })
    void allRulesHoldInEveryState(int epochs, int terms, long statesAtLeast, String part) throws Exception {
        String said = search("-O2", 24, part, "-DEPOCHS=" + epochs, "-DTERMS=" + terms);
        assertTrue(said.contains("errors: 0") && said.contains("Full statespace search"), said);
        for (String incomplete : List.of(
                "Search not completed",
                "max search depth too small",
                "Bit statespace",
                "hash-compact",
                "out of memory")) {
            assertTrue(!said.contains(incomplete), said);
        }
        // A step that is never taken proves nothing: only the end, that the model does not have, may be unreached.
        Matcher unreached = Pattern.compile("\\((\\d+) of \\d+ states\\)").matcher(said);
        assertTrue(unreached.find() && unreached.group(1).equals("1") && said.contains("\"-end-\""), said);
        Matcher states = Pattern.compile("(\\d+) states, stored").matcher(said);
        assertTrue(states.find() && Long.parseLong(states.group(1)) > statesAtLeast, said);
    }

    @ParameterizedTest
    @EnumSource(Plant.class)
    void plantedFaultIsFound(Plant plant) throws Exception {
        String said = search(
                plant.order.compilerOptions,
                22,
                plant.part,
                "-DPLANT_" + plant.name(),
                "-DEPOCHS=" + plant.epochs,
                "-DTERMS=" + plant.terms);
        assertTrue(said.contains("assertion violated  !(broken" + plant.rule + ")"), said);
    }

    @Test
    void everyPlantOfTheModelIsTestedAndDocumented() throws Exception {
        Set<String> tested = new TreeSet<>();
        Stream.of(Plant.values()).map(Plant::name).forEach(tested::add);
        Set<String> rules = new TreeSet<>();
        Stream.of(Plant.values()).map(plant -> plant.rule).forEach(rules::add);
        String model = Files.readString(MODEL);
        assertEquals(tested, found("PLANT_([A-Z_]*[A-Z])", model));
        assertEquals(rules, found("bool broken(\\w+);", model));
        String document = Files.readString(SPEC.resolve("README.md"));
        for (Plant plant : Plant.values()) {
            assertTrue(
                    document.lines()
                            .anyMatch(line -> line.startsWith("| " + plant.rule + " |")
                                    && line.contains("`" + plant.name() + "`")),
                    "the table of rules in spec/README.md lacks " + plant + " at " + plant.rule);
        }
    }

    private static Set<String> found(String pattern, String text) {
        Set<String> names = new TreeSet<>();
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        while (matcher.find()) {
            names.add(matcher.group(1));
        }
        return names;
    }

    /** Generates, compiles and runs the verifier; answers what it says. */
    private String search(String compilerOptions, int hashBits, String... defines) throws Exception {
        List<String> generate = new ArrayList<>(List.of("spin"));
        generate.addAll(Arrays.asList(defines));
        generate.addAll(List.of("-a", MODEL.toString()));
        run(generate);
        // d_steps of one process: partial-order reduction has nothing to reduce.
        List<String> compile = new ArrayList<>(List.of("gcc"));
        compile.addAll(List.of(compilerOptions.split(" ", -1)));
        compile.addAll(List.of("-w", "-DSAFETY", "-DNOREDUCE", "-DMEMLIM=4096", "-o", "pan", "pan.c"));
        run(compile);
        return run(List.of(directory.resolve("pan").toString(), "-m100000", "-w" + hashBits));
    }

    private String run(List<String> command) throws Exception {
        Path output = directory.resolve("output.txt");
        Process process;
        try {
            process = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
        } catch (IOException e) {
            return fail(command.getFirst() + " cannot be run; apt-get install spin gcc libc6-dev", e);
        }
        try {
            assertTrue(process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS), command + " takes too long");
        } finally {
            process.destroyForcibly();
        }
        String said = Files.readString(output, StandardCharsets.UTF_8);
        assertEquals(0, process.exitValue(), said);
        return said;
    }
}
