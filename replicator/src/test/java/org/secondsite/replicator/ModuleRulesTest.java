package org.secondsite.replicator;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The module rule of the architecture: which modules this one knows, and where sockets, files, threads and clocks are. */
@AnalyzeClasses(packages = "org.secondsite.replicator", importOptions = ImportOption.DoNotIncludeTests.class)
class ModuleRulesTest {
    @ArchTest
    static final ArchRule KNOWS_ONLY_CONFIG = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "org.secondsite.buffer..",
                    "org.secondsite.witness..",
                    "org.secondsite.bgp..",
                    "org.secondsite.openflow..",
                    "org.secondsite.gateway..",
                    "org.secondsite.lab..");

    @ArchTest
    static final ArchRule CORE_HAS_NO_SOCKETS_FILES_OR_THREADS = noClasses()
            .that()
            .resideOutsideOfPackage("..io..")
            .should()
            .dependOnClassesThat()
            .haveNameMatching(
                    "java\\.nio\\.channels\\..*|java\\.nio\\.file\\.Files|java\\.io\\.(File|RandomAccess).*"
                            + "|java\\.net\\..*Socket|java\\.net\\.URL.*|java\\.lang\\.Thread|java\\.util\\.Timer"
                            + "|java\\.util\\.concurrent\\..*Executor.*|java\\.time\\.Clock|io\\.netty\\.(channel|bootstrap)\\..*");

    @ArchTest
    static final ArchRule CORE_READS_NO_CLOCK = noClasses()
            .that()
            .resideOutsideOfPackage("..io..")
            .should()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(java.time.Instant.class, "now");

    @ArchTest
    static final ArchRule CORE_DOES_NOT_KNOW_ITS_EDGE = noClasses()
            .that()
            .resideOutsideOfPackage("..io..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.secondsite..io..");
}
