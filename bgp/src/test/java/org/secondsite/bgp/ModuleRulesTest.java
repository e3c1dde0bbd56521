package org.secondsite.bgp;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import org.junit.jupiter.api.Test;
import org.secondsite.testing.ModuleRules;

/** That the speaker is a library by itself, that its core is pure, and that the wire knows nothing above it. */
class ModuleRulesTest extends ModuleRules {
    ModuleRulesTest() {
        super("bgp");
    }

    @Test
    void dependsOnNoOtherModule() {
        noClasses()
                .should()
                .dependOnClassesThat(
                        resideInAPackage("org.secondsite..").and(not(resideInAPackage("org.secondsite.bgp.."))))
                .check(classes());
    }

    @Test
    void wireKnowsNothingAboveIt() {
        noClasses()
                .that()
                .resideInAPackage("org.secondsite.bgp.wire..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "org.secondsite.bgp.fsm..",
                        "org.secondsite.bgp.rib..",
                        "org.secondsite.bgp.session..",
                        "org.secondsite.bgp.io..")
                .check(classes());
    }
}
