/** The words that the seed is built from. All names are invented. */

export const LATIN_COMPANIES = [
  "Initech",
  "Umbra Logistics",
  "Hooli Cloud",
  "Northwind Freight",
  "Blue Harbor Bank",
  "Cobalt & Sons",
  "Fjord Analytics",
  "Quill Press",
  "Tessellate",
  "Ångström Optik",
  "Café Lumière",
  "O'Hara Aviation",
  "Zażółć Gęślą",
  "Piñata Games",
] as const;

export const OTHER_COMPANIES = [
  "株式会社あおぞら",
  "深圳云帆科技",
  "한빛소프트웨어",
  "Северный Ветер",
  "شركة النخيل",
  "חברת השקד",
  "Ελληνικά Πλοία",
  "नमस्ते प्रौद्योगिकी",
  "ร้านดอกบัว",
  "🚀 Orbital Works",
  "Family 👩‍👩‍👧‍👦 Care",
  "Drapeau 🏴‍☠️ Ltd",
  "Cafe\u0301 combining",
  '<b>"Bold" & Co</b>',
  "Back\\slash / Slash",
  "Line\u2028Separator",
] as const;

export const SUFFIXES = ["Inc", "GmbH", "Labs", "Group", "Holdings", "BV", "SA"] as const;

export const GIVEN_NAMES = [
  "Amara",
  "Björn",
  "Chloé",
  "Devon",
  "Ewa",
  "Farid",
  "Grace",
  "Hiro",
  "Ines",
  "Jonas",
  "Kwame",
  "Lucía",
  "Marek",
  "Noor",
] as const;

export const FAMILY_NAMES = [
  "Okafor",
  "Svensson",
  "D'Angelo",
  "Núñez",
  "Kowalski",
  "Haddad",
  "Lindqvist",
  "Tanaka",
  "van der Berg",
  "Smith-Jones",
] as const;

export const OTHER_NAMES = [
  "王小明",
  "さくら 🌸",
  "Дмитрий Иванов",
  "محمد العلي",
  "김서연",
  "Zoë 👩🏽‍🚀",
  "Ελένη Παππά",
  "",
  "   ",
] as const;

export const FEATURES = [
  "audit_log",
  "beta_reports",
  "custom_domain",
  "data_residency",
  "priority_support",
  "sandbox_access",
  "white_label",
] as const;

export const REGIONS = ["eu-west-1", "us-east-1", "ap-south-1", "sa-east-1"] as const;
