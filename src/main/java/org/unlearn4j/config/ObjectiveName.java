package org.unlearn4j.config;

/** The forget objectives a pipeline may name. */
public enum ObjectiveName implements Spelled {
  GRAD_ASCENT("GradAscent"),
  GRAD_DIFF("GradDiff"),
  NPO("NPO"),
  SIM_NPO("SimNPO"),
  DPO("DPO"),
  RMU("RMU"),
  CIRCUIT_BREAKER("CircuitBreaker"),
  UNDIAL("UNDIAL"),
  CEU("CEU"),
  WGA("WGA"),
  SAT_IMP("SatImp"),
  PDU("PDU"),
  IHL("IHL"),
  FLAT("FLAT"),
  ALT_PO("AltPO");

  private final String spelling;

  ObjectiveName(String spelling) {
    this.spelling = spelling;
  }

  @Override
  public String spelling() {
    return spelling;
  }
}
