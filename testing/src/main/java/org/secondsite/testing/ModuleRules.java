package org.secondsite.testing;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * The rules that hold for every module alike: what it may know, that its packages stand in no circle, that its core is pure, and how
 * long its files and methods may be. Each module's {@code ModuleRulesTest} extends this, and adds what is its own. The classes are read
 * once for all rules.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class ModuleRules {
    /** The floor of each module: a module knows only modules of floors below its own. */
    private static final Map<String, Integer> FLOORS = new TreeMap<>(Map.ofEntries(
            Map.entry("testing", 1),
            Map.entry("config", 1),
            Map.entry("net", 2),
            Map.entry("metrics", 2),
            Map.entry("pki", 2),
            Map.entry("replicator", 3),
            Map.entry("witness", 3),
            Map.entry("buffer", 3),
            Map.entry("bgp", 3),
            Map.entry("openflow", 3),
            Map.entry("management", 3),
            Map.entry("gateway", 4),
            Map.entry("appliance", 5),
            Map.entry("simulator", 5),
            Map.entry("lab", 6),
            Map.entry("bench", 6)));

    private static final int MAX_FILE_LINES = 500;
    private static final int MAX_METHOD_LINES = 60;

    private static final String ROOT = "org.secondsite.";

    private static final Pattern OUTSIDE_WORLD = Pattern.compile("java\\.nio\\.channels\\..*"
            + "|java\\.nio\\.file\\.Files|java\\.net\\.(\\w*Socket|URL\\w*)"
            + "|java\\.lang\\.(Thread|ProcessBuilder|ProcessHandle|Runtime)|java\\.util\\.Timer"
            + "|java\\.util\\.concurrent\\.\\w*Execut\\w*|java\\.time\\.Clock"
            + "|io\\.netty\\.(channel|bootstrap|handler)\\..*");

    private static final DescribedPredicate<JavaClass> OPENS_SOMETHING = DescribedPredicate.describe(
            "are sockets, files, processes, threads or clocks",
            type -> OUTSIDE_WORLD.matcher(type.getName()).matches()
                    || (type.getPackageName().equals("java.io")
                            && !type.getSimpleName().matches(".*Exception|ByteArray.*")
                            && !type.isEquivalentTo(Serializable.class)));

    private final JavaClasses classes;
    private final String[] edges;

    /**
     * The rules of one module.
     *
     * @param module its name
     * @param edges packages that touch the outside world, besides those named {@code io}
     */
    protected ModuleRules(String module, String... edges) {
        this.classes = classesOf(ROOT + module);
        this.edges = edges.clone();
    }

    /** What the module is made of, without its tests. */
    protected final JavaClasses classes() {
        return classes;
    }

    @Test
    void knowsOnlyModulesOnFloorsBelow() {
        floors().check(classes);
    }

    @Test
    void noPackagesImportEachOtherInACircle() {
        noCircles().check(classes);
    }

    @Test
    void touchesTheOutsideWorldOnlyAtItsEdges() {
        pureOutsideIo(edges).check(classes);
    }

    /** What knows YANG's libraries is one module, so that they can be left. */
    @Test
    void onlyManagementKnowsTheLibrariesOfYang() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + "management..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.opendaylight..")
                .allowEmptyShould(true)
                .check(classes);
    }

    @Test
    void filesAreOfASittingAndMethodsOfAScreen() throws IOException {
        List<String> tooLong = new SourceSizes(MAX_FILE_LINES, MAX_METHOD_LINES).tooLong(Path.of("src"));
        assertEquals(List.of(), tooLong);
    }

    /** The classes of the product, without those of tests, that the class path has under a package. */
    private static JavaClasses classesOf(String packageName) {
        // No rule asks more of what is outside the package than its name.
        ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
        return new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .withImportOption(location -> !location.contains("/test-classes/"))
                .importPackages(packageName);
    }

    /** Only the packages named {@code io}, and these others, touch sockets, files, threads or clocks, or know one that does. */
    private static ArchRule pureOutsideIo(String... edges) {
        String[] outside = new String[edges.length + 1];
        outside[0] = "..io..";
        System.arraycopy(edges, 0, outside, 1, edges.length);
        return noClasses()
                .that()
                .resideOutsideOfPackages(outside)
                .should()
                .dependOnClassesThat(OPENS_SOMETHING)
                .orShould()
                .dependOnClassesThat()
                .resideInAPackage("org.secondsite..io..")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(Instant.class, "now")
                .allowEmptyShould(true);
    }

    /** Modules know only those of floors below, and nothing of the product knows {@code testing}. */
    private static ArchRule floors() {
        return noClasses().should(new ArchCondition<JavaClass>("know a module that is not on a floor below") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                type.getDirectDependenciesFromSelf().stream()
                        .filter(dependency ->
                                breaksFloors(type, dependency.getTargetClass().getBaseComponentType()))
                        .forEach(dependency ->
                                events.add(SimpleConditionEvent.satisfied(dependency, dependency.getDescription())));
            }
        });
    }

    /** No package stands in a circle of imports. */
    private static ArchRule noCircles() {
        return SlicesRuleDefinition.slices()
                .matching("org.secondsite.(**)")
                .should()
                .beFreeOfCycles();
    }

    private static boolean breaksFloors(JavaClass from, JavaClass to) {
        if (!to.getPackageName().startsWith(ROOT)) {
            return false;
        }
        String upper = module(from);
        String lower = module(to);
        return !upper.equals(lower) && (lower.equals("testing") || floor(upper) <= floor(lower));
    }

    private static int floor(String module) {
        Integer floor = FLOORS.get(module);
        if (floor == null) {
            throw new AssertionError("module '" + module + "' has no floor");
        }
        return floor;
    }

    private static String module(JavaClass type) {
        String inside = type.getPackageName().substring(ROOT.length());
        int dot = inside.indexOf('.');
        return dot < 0 ? inside : inside.substring(0, dot);
    }
}
