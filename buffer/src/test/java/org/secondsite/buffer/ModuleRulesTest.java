package org.secondsite.buffer;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** DESIGN §6: which modules may know which, and that the core is pure. */
@AnalyzeClasses(packages = "org.secondsite.buffer", importOptions = ImportOption.DoNotIncludeTests.class)
class ModuleRulesTest {
    @ArchTest
    static final ArchRule knowsNoOtherFeatureModule = noClasses()
            .that()
            .resideInAPackage("org.secondsite.buffer..")
            .should()
            .dependOnClassesThat(JavaClass.Predicates.resideInAPackage("org.secondsite..")
                    .and(com.tngtech.archunit.base.DescribedPredicate.not(JavaClass.Predicates.resideInAnyPackage(
                            "org.secondsite.buffer..", "org.secondsite.config", "org.secondsite.net.."))));

    @ArchTest
    static final ArchRule coreTouchesNoSocketFileThreadOrClock = noClasses()
            .that()
            .resideInAPackage("org.secondsite.buffer")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "org.secondsite.buffer.io..",
                    "java.nio.channels..",
                    "java.nio.file..",
                    "java.io..",
                    "java.util.concurrent..",
                    "java.time..")
            .orShould()
            .dependOnClassesThat()
            .belongToAnyOf(
                    Thread.class,
                    Runtime.class,
                    ProcessBuilder.class,
                    java.net.Socket.class,
                    java.net.ServerSocket.class,
                    java.net.DatagramSocket.class)
            .orShould()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis");
}
